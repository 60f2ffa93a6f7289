"""Where the picture of an image lies: path templates such as ``{split}/{id:.3}/{id}.jpg``."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath
from string import Formatter

from mmnoisy.errors import InputError

ID_DIGITS = 16

_FIELDS = {'{id}', '{split}', *(f'{{id:.{n}}}' for n in range(1, ID_DIGITS))}


def check_template(template: str) -> None:
    """Checks a template of relative paths with the fields ``{id}``, ``{id:.3}`` and ``{split}``.

    The syntax is that of :meth:`str.format`; ``{id:.3}`` are the first three digits of the id.

    Raises:
        InputError: the template has other fields, lacks ``{id}`` or leaves its folder.
    """
    mend = "give one such as '{split}/{id}.jpg' or '{id:.3}/{id}.jpg'"
    fields = _fields(template)
    foreign = [field for field in fields if field not in _FIELDS]
    if foreign:
        raise InputError(f'{template!r}: {foreign[0]} is no field of a path template; {mend}')
    if '{id}' not in fields:
        raise InputError(f'{template!r}: the path template lacks the field {{id}}; {mend}')
    # Windows paths know both slashes, and drives: what is inside there is inside everywhere.
    path = PureWindowsPath(picture_path(template, 0, 'train'))
    if path.anchor or '..' in path.parts or re.search(r'[/\\]\.?$', template):
        raise InputError(f'{template!r}: is no path of a file inside a folder; {mend}')


def picture_path(template: str, image_id: int | str, split: str) -> str:
    """The path of one picture, relative to the folder of the pictures.

    Args:
        template: a template that :func:`check_template` accepts.
        image_id: an integer below 2^64, or its 16 hexadecimal digits.
        split: name of the subset, such as ``train``; letters, digits, ``_`` and ``-``. Not looked
            at where the template does without it.

    Raises:
        InputError: the id or the split is malformed, and so could lead anywhere.
    """
    digits = image_id.lower() if isinstance(image_id, str) else f'{image_id:016x}'
    if not re.fullmatch('[0-9a-f]{16}', digits):
        raise InputError(
            f'{image_id!r}: is no image id; ids are 16 hexadecimal digits such as 000060e3121c7305'
        )
    if '{split}' in template and not re.fullmatch('[A-Za-z0-9_-]+', split):
        raise InputError(f'{split!r}: is no name of a subset; give one such as train')
    return template.format(id=digits, split=split)


def _fields(template: str) -> list[str]:
    """The replacement fields of a template as they are written."""
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise InputError(
            f'{template!r}: is no path template ({error}); close every brace'
        ) from error
    return [
        '{' + name + (f'!{conversion}' if conversion else '') + (f':{spec}' if spec else '') + '}'
        for _, name, spec, conversion in pieces
        if name is not None
    ]
