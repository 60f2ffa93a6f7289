"""Where the picture of an image lies: path templates such as ``{split}/{id:.3}/{id}.jpg``."""

from __future__ import annotations

import re
from pathlib import PurePath, PureWindowsPath
from string import Formatter

from mmnoisy.errors import InputError

TEMPLATE = '{split}/{id}.jpg'
"""Of the pictures of Open Images."""

_FIELDS = {'{id}', '{split}', *(f'{{id:.{n}}}' for n in range(1, 16))}


def check_template(template: str) -> None:
    """Checks a template of relative paths with the fields ``{id}``, ``{id:.3}`` and ``{split}``.

    The syntax is that of :meth:`str.format`; ``{id:.3}`` are the first three letters of the id.

    Raises:
        InputError: the template has other fields, lacks ``{id}`` or leaves its folder.
    """
    mend = f"give one such as {TEMPLATE!r} or '{{id:.3}}/{{id}}.jpg'"
    fields = _fields(template)
    foreign = [field for field in fields if field not in _FIELDS]
    if foreign:
        raise InputError(f'{template!r}: {foreign[0]} is no field of a path template; {mend}')
    if '{id}' not in fields:
        raise InputError(f'{template!r}: the path template lacks the field {{id}}; {mend}')
    # Windows paths know both slashes, and drives: what is inside there is inside everywhere.
    path = PureWindowsPath(template.format(id='0' * 16, split='train'))
    if path.anchor or '..' in path.parts or re.search(r'[/\\]\.?$', template):
        raise InputError(f'{template!r}: is no path of a file inside a folder; {mend}')


def picture_path(template: str, image_id: str, split: str) -> str:
    """The path of one picture, relative to the folder of the pictures.

    Args:
        template: a template that :func:`check_template` accepts.
        image_id: any text; folders in it are folders.
        split: name of the subset, such as ``train``; letters, digits, ``_`` and ``-``. Not looked
            at where the template does without it.

    Raises:
        InputError: the id or the split could lead out of the folder.
    """
    if '{split}' in template and not re.fullmatch('[A-Za-z0-9_-]+', split):
        raise InputError(f'{split!r}: is no name of a subset; give one such as train')
    path = template.format(id=image_id, split=split)
    if not is_inside(path):
        raise InputError(
            f'{image_id!r}: leads out of the folder of the pictures; name pictures by their paths '
            'below it'
        )
    return path


def is_inside(path: str) -> bool:
    """Whether a path names something inside the folder that it starts from."""
    parts = re.split(r'[/\\]', path)
    leads_out = '..' in parts or parts[0] == '' or '\0' in path or bool(PurePath(path).anchor)
    return not leads_out and parts[-1] not in ('', '.')


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
