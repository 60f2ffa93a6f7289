"""Columns whose cells hold several labels, as parts of one array (pure, on pyarrow)."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
import pyarrow as pa

from mmnoisy.datasets.sources import list_cells
from mmnoisy.datasets.sources.cell_values import flat, is_list, texts

ARRAY = 'array'
"""The form of cells that are lists by their type."""


class Lists(NamedTuple):
    """Of each row a part of one array; of a length of -1 where it cannot be read."""

    start: np.ndarray
    length: np.ndarray
    flat: Any


def label_lists(array: pa.Array, form: str) -> Tuple[Lists, List[str]]:
    """Labels of each row as places among names, -1 for an empty one."""
    if form == ARRAY:
        start, length, inner = _arrow_lists(array)
        codes, known = texts(flat(inner))
        return Lists(start, length, codes), known.to_pylist()
    codes, known = texts(array)
    if form == list_cells.ONE:
        length = (codes >= 0).astype(np.int64)
        return Lists(codes, length, np.arange(len(known))), known.to_pylist()
    found = _parsed(codes, known, form)
    numbers: Dict[str, int] = {}
    place = [numbers.setdefault(name, len(numbers)) if name else -1 for name in found.flat]
    return found._replace(flat=np.array(place, np.int64)), list(numbers)


def score_lists(array: pa.Array, form: str) -> Lists:
    """Scores of each row, as an array of texts or numbers."""
    if is_list(array.type):
        start, length, inner = _arrow_lists(array)
        return Lists(start, length, flat(inner))
    if not pa.types.is_dictionary(array.type) or form == list_cells.ONE:
        return Lists(np.arange(len(array)), np.ones(len(array), np.int64), array)
    codes, known = texts(array)
    cells = known.to_pylist()
    if all(cell.lstrip().startswith('[') for cell in cells):
        form = list_cells.PYTHON
    elif form in (ARRAY, list_cells.JSON, list_cells.PYTHON):
        form = next((sep for sep in '|;, ' if any(sep in cell for cell in cells)), ' ')
    found = _parsed(codes, known, form)
    return found._replace(flat=pa.array(found.flat, pa.string()).dictionary_encode())


def _parsed(codes: np.ndarray, known: pa.Array, form: str) -> Lists:
    """The parts of cells, each distinct cell parsed once; an empty cell has none."""
    parts = [*(list_cells.parse(cell, form) for cell in known.to_pylist()), []]
    length = np.array([-1 if part is None else len(part) for part in parts])
    start = np.cumsum(np.maximum(length, 0)) - np.maximum(length, 0)
    inner = [one for part in parts for one in part or ()]
    return Lists(start[codes], length[codes], inner)


def _arrow_lists(array: pa.Array) -> Lists:
    if pa.types.is_fixed_size_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))
    offsets = array.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
    given = array.is_valid().to_numpy(zero_copy_only=False)
    return Lists(offsets[:-1], np.where(given, np.diff(offsets), 0), array.values)


def spread(start: np.ndarray, length: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The row and the place of each part of all rows."""
    if (length == 1).all():  # as in a long table, which has the most rows
        return np.arange(len(length)), start
    row = np.repeat(np.arange(len(length)), length)
    before = np.cumsum(length) - length
    return row, np.arange(len(row)) + (start - before)[row]
