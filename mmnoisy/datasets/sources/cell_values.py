"""Columns of a table as texts and numbers, whatever type they have (pure, on pyarrow)."""

from __future__ import annotations

from typing import Any, Callable, Tuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmnoisy.datasets.release.values import ABSENT, MINUS, PRESENT, code_of_verdict

NOTHING = ('', 'nan', 'NaN', 'NAN', 'null', 'NULL', 'None', 'none', 'NA', 'N/A', 'n/a', '<NA>')
"""What stands in a cell for a number that there is not."""

_WORDS = {'true': 1.0, 'yes': 1.0, 'false': 0.0, 'no': 0.0}
_NUMBER = r'^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$'


def flat(column: Any) -> pa.Array:
    """A column in one piece; texts of any Arrow type are a dictionary of ``string``.

    Args:
        column: an array or a chunked array.
    """
    if not _is_typed(column.type) and not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    if isinstance(column, pa.ChunkedArray):
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type) and not pa.types.is_string(column.type.value_type):
        known = column.dictionary.cast(pa.string())
        column = pa.DictionaryArray.from_arrays(column.indices, known)
    return column


def _is_typed(kind: pa.DataType) -> bool:
    """Whether cells are numbers, truths or nested, and not texts, dates or the like."""
    types = pa.types
    number = types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind)
    return number or types.is_nested(kind) or types.is_null(kind)


def is_list(kind: pa.DataType) -> bool:
    """Whether cells are lists."""
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def texts(array: pa.Array) -> Tuple[np.ndarray, pa.Array]:
    """A column of names.

    Args:
        array: of :func:`flat`.

    Returns:
        (n,) int64, the place of each cell among the distinct texts, -1 where it is empty; and
        these, in the order in which they come.
    """
    if not pa.types.is_dictionary(array.type):
        if pa.types.is_floating(array.type):  # whole numbers among which one is missing
            whole = pc.all(pc.or_kleene(pc.equal(array, pc.floor(array)), pc.is_null(array)))
            array = array.cast(pa.int64()) if whole.as_py() else array
        array = array.cast(pa.string()).dictionary_encode()
    codes = _codes(array)
    names = array.dictionary
    seen = np.zeros(len(names), bool)
    seen[codes[codes >= 0]] = True
    seen &= pc.fill_null(pc.not_equal(names, ''), False).to_numpy(zero_copy_only=False)
    first = seen.nonzero()[0]
    if len(first) and pa.types.is_dictionary(array.type):
        first = _in_order(codes, first, len(names))
    place = np.full(len(names) + 1, -1, np.int64)  # the last is that of empty cells
    place[first] = np.arange(len(first))
    return place[codes], names.take(pa.array(first))


def _codes(array: pa.DictionaryArray) -> np.ndarray:
    """(n,) int64, -1 for nulls."""
    indices = array.indices if not array.indices.null_count else pc.fill_null(array.indices, -1)
    return indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _in_order(codes: np.ndarray, used: np.ndarray, size: int) -> np.ndarray:
    """The places in use, in the order of their first cells."""
    first = np.full(size, len(codes), np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    where = first[used]
    return used if (np.diff(where) > 0).all() else used[np.argsort(where, kind='stable')]


def confidences(array: pa.Array) -> Tuple[np.ndarray, np.ndarray]:
    """A column of confidences.

    Args:
        array: of :func:`flat`.

    Returns:
        (n,) float64, NaN where a cell is no number, and which cells are empty. True and yes are 1,
        false and no are 0; a decimal comma is a point.
    """
    return _by_text(array, _parse_confidences, np.asarray)


def verdicts(array: pa.Array) -> Tuple[np.ndarray, np.ndarray]:
    """A column of verdicts.

    Returns:
        (n,) ``ABSENT``, ``PRESENT`` or ``MINUS``, NaN for any other cell, and which are empty.
    """
    return _by_text(array, _parse_verdicts, _codes_of_numbers)


def _by_text(array: pa.Array, parse: Callable, numeric: Callable) -> Tuple[np.ndarray, np.ndarray]:
    if pa.types.is_null(array.type):
        return np.full(len(array), np.nan), np.ones(len(array), bool)
    if not pa.types.is_dictionary(array.type):
        values = np.array(array.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        empty = np.isnan(values)
        return numeric(values), empty
    known = pc.utf8_trim_whitespace(array.dictionary)
    nothing = pc.is_in(known, pa.array(NOTHING)).to_numpy(zero_copy_only=False)
    codes = _codes(array)
    # Empty cells take the last, which is added.
    values = np.append(parse(known), np.nan)
    return values[codes], np.append(nothing, True)[codes]


def _parse_confidences(known: pa.Array) -> np.ndarray:
    known = pc.replace_substring(known, ',', '.')
    sound = pc.match_substring_regex(known, _NUMBER)
    plain = pc.utf8_ltrim(pc.if_else(sound, known, None), '+')
    values = np.array(plain.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    others = np.isnan(values).nonzero()[0]
    if len(others):
        cells = known.take(pa.array(others)).to_pylist()
        values[others] = [_WORDS.get((cell or '').lower(), np.nan) for cell in cells]
    return values


def _parse_verdicts(known: pa.Array) -> np.ndarray:
    codes = [code_of_verdict((text or '').encode()) for text in known.to_pylist()]
    values = np.array(codes, np.float64)
    values[values < 0] = np.nan
    return values


def _codes_of_numbers(values: np.ndarray) -> np.ndarray:
    return np.select([values == 1, values == 0, values == -1], [PRESENT, ABSENT, MINUS], np.nan)


def shortest(values: np.ndarray) -> pa.Array:
    """Float32 numbers as the shortest decimals that give them back."""
    return pa.array(np.asarray(values, np.float32)).cast(pa.string())
