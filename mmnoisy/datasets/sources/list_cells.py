"""Cells that hold several labels: ``cat;dog``, ``["cat", "dog"]`` (pure)."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from typing import Any, Iterable, List, Optional, Sequence

from mmnoisy.errors import InputError

JSON, PYTHON, ONE = 'json', 'python', 'one'
"""Forms of cells beside a separator: ``["a"]``, ``['a']`` and a single label."""

_STRONG = ('|', ';')
_NAMES = {
    **{'comma': ',', 'semicolon': ';', 'tab': '\t', '\\t': '\t', 'space': ' ', 'pipe': '|'},
    **{'none': ONE, '': ONE},
}
_JOINED = re.compile(r"""['"]\s+['"]""")  # NumPy's lists: to Python that is one text


def given_separator(name: Optional[str]) -> Optional[str]:
    """A separator from a shell, where ``tab`` and ``space`` have names."""
    return name if name is None else _NAMES.get(name, name)


def find_form(
    cells: Sequence[str], path: str, plural: bool = False, rows: int = 0, images: int = 0
) -> str:
    """How labels stand in cells: :data:`ONE`, :data:`JSON`, :data:`PYTHON` or what is between.

    A separator is one that splits cells into parts which recur in others. Commas and spaces, which
    are within names of classes too, need more of that than bars and semicolons.

    Args:
        cells: the distinct ones, none empty.
        path: to name the source.
        plural: whether the name of the column says that there are several.
        rows: of the table.
        images: in these; fewer than rows is usual of single labels.

    Raises:
        InputError: it cannot be told.
    """
    form = _brackets(cells)
    if form:
        return form
    found = [sep for sep in _STRONG if any(sep in cell for cell in cells)]
    likely = [sep for sep in found if _recurring(cells, sep) >= 0.5]
    likely = found if plural and len(found) == 1 else likely
    if likely and len(found) == 1:
        return likely[0]
    if found:
        example = next(cell for cell in cells if any(sep in cell for sep in found))
        raise _unclear(path, example, ' or '.join(map(repr, found)))
    repeats = rows > 1.2 * images
    few = len(cells) < 30 and rows < 3 * len(cells) and not repeats
    many = [cell for cell in cells if ',' in cell]
    if len(many) > 0.02 * len(cells):
        share = _recurring(cells, ',')
        if share >= (0.3 if plural else 0.9):
            return ','
        if share > 0.15 or few:
            raise _unclear(path, many[0], repr(','))
    many = [cell for cell in cells if ' ' in cell.strip()]
    share = _recurring(cells, ' ')
    if share > (0.3 if few else 0.65):
        sure = share >= 0.9 and _are_lists(cells)
        if sure != repeats:
            return ONE if repeats else ' '
        raise _unclear(path, many[0], repr(' '))
    return ONE


def _brackets(cells: Sequence[str]) -> Optional[str]:
    if not cells or not all(cell.lstrip().startswith('[') for cell in cells):
        return None
    forms = Counter(_bracket_form(cell) for cell in cells)
    del forms[None]
    return max(forms, key=lambda form: (form == PYTHON, forms[form])) if forms else None


def _bracket_form(cell: str) -> Optional[str]:
    for form in (JSON, PYTHON):
        if parse(cell, form) is not None:
            return form
    return None


def _recurring(cells: Sequence[str], sep: str) -> float:
    """Of the parts of cells with a separator, the share that is in two cells or more."""
    parts = [{*split(cell, sep)} for cell in cells]
    count = Counter(part for found in parts for part in found)
    split_parts = [part for found in parts if len(found) > 1 for part in found]
    return sum(count[part] > 1 for part in split_parts) / max(len(split_parts), 1)


def _are_lists(cells: Sequence[str]) -> bool:
    """Whether words are labels: few are in many cells, or most are also alone."""
    parts = [word for cell in cells if len(cell.split()) > 1 for word in cell.split()]
    alone = {cell.strip() for cell in cells}
    return 2 * len({*parts}) <= len(cells) or 2 * sum(p in alone for p in parts) > len(parts)


def _unclear(path: str, cell: str, what: str) -> InputError:
    return InputError(
        f'{path}: the cell {cell!r} may be one label or several with {what} between them; say '
        f'--list-sep with what is between them, or --list-sep none'
    )


def split(cell: str, sep: str) -> List[str]:
    """The parts of a cell, without spaces around them; empty ones left out."""
    return [part for part in map(str.strip, cell.split(sep)) if part]


def parse(cell: str, form: str) -> Optional[List[str]]:
    """The labels or numbers in a cell as texts; None where it is not of this form.

    Args:
        cell: not empty.
        form: of :func:`find_form`.
    """
    if form == ONE:
        return [cell]
    if form not in (JSON, PYTHON):
        return split(cell, form)
    try:
        found = json.loads(cell, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        found = None
    if found is None and form == PYTHON and not _JOINED.search(cell):
        try:
            found = ast.literal_eval(cell.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    if not isinstance(found, (list, tuple, set)):
        return None
    return None if any(isinstance(part, (list, dict)) for part in found) else texts_of(found)


def texts_of(values: Iterable[Any]) -> List[str]:
    """Values as texts; '' for one that is missing."""
    return ['' if value is None else text_of(value) for value in values]


def text_of(value: Any) -> str:
    """A value as a text: 3 and 3.0 are ``3``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return str(int(value)) if whole else str(value)


def compose(parts: Sequence[str], form: str, numbers: bool = False) -> str:
    """A cell that :func:`parse` takes apart again; one of a class that it cannot is not.

    Args:
        parts: labels or numbers.
        form: of :func:`find_form`.
        numbers: whether they are numbers, which lists in brackets do not quote.
    """
    if form == JSON:
        inner = parts if numbers else [json.dumps(part, ensure_ascii=False) for part in parts]
        return f'[{", ".join(inner)}]'
    if form == PYTHON:
        return f'[{", ".join(parts if numbers else map(repr, parts))}]'
    return form.join(parts)
