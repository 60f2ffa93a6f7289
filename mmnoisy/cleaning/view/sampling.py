"""Draws images from a ``changes.csv`` of any size (no MM imports)."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute
from pyarrow import csv as arrow_csv

from mmnoisy.cleaning.cleaned_set import CHANGE_HEADER
from mmnoisy.cleaning.pairs import KEPT, KINDS
from mmnoisy.errors import InputError

BLOCK_BYTES = 2**21

_TEXTS = ('ImageID', 'LabelName', 'Kind')
_MEND = 'give a folder that tools/clean_labels.py has written'
# Of mmnoisy.io.spreadsheet, for all cells at once.
_QUOTED_FORMULA = r"^'('*[=+\-@\t\r\n])"


class Sample(NamedTuple):
    """Some images of a cleaned data set.

    Attributes:
        rows: of ``changes.csv``, with its columns; those of an image are together.
        num_images: of the whole file.
    """

    rows: pa.Table
    num_images: int


def sample_images(path: Path, number: int, seed: int, most_changed: bool = False) -> Sample:
    """Draws images in one pass; no more than the drawn ones and a block is in memory.

    Args:
        path: a ``changes.csv``.
        number: of images; all come where there are not so many.
        seed: of the draw.
        most_changed: take those with the most labels removed or added, the first of them first;
            the draw decides between equals. Otherwise all are equally likely, in any order.

    Raises:
        InputError: the file is missing, is no ``changes.csv`` or is damaged.
    """
    rng = np.random.default_rng(seed)
    rows, num_images = None, 0
    keys, counts = np.zeros(0), np.zeros(0, np.int64)
    for block in image_blocks(path):
        start = _starts(block['ImageID'])
        changed = compute.not_equal(block['Kind'], KINDS[KEPT]).to_numpy()
        # A fraction below 1, so that it only decides between equal counts.
        key = rng.random(len(start)) + most_changed * np.add.reduceat(changed, start, dtype=int)
        num_images += len(start)
        rows = block if rows is None else pa.concat_tables([rows, block])
        keys = np.append(keys, key)
        counts = np.append(counts, np.diff(start, append=len(block)))
        if len(keys) > number:
            chosen = np.zeros(len(keys), bool)
            chosen[np.argpartition(-keys, number)[:number]] = True
            rows = rows.filter(pa.array(np.repeat(chosen, counts))).combine_chunks()
            keys, counts = keys[chosen], counts[chosen]
    if rows is None:
        raise InputError(f'{path}: has no rows, so there is nothing to look at; {_MEND}')
    order = np.argsort(-keys)
    begin = (np.cumsum(counts) - counts)[order]
    last = np.cumsum(counts[order])
    places = np.repeat(begin - (last - counts[order]), counts[order]) + np.arange(len(rows))
    return Sample(rows.take(places), num_images)


def image_blocks(path: Path) -> Iterator[pa.Table]:
    """The rows of a ``changes.csv``, block by block, all those of an image in one of them.

    Raises:
        InputError: the file is missing, is no ``changes.csv`` or is damaged.
    """
    rest = None
    with _open(path) as reader:
        for batch in filter(len, reader):
            table = pa.Table.from_batches([batch])
            _check(path, table)
            if rest is not None:
                table = pa.concat_tables([rest, table])
            begin = _last_start(path, table['ImageID'])
            if begin:
                yield table.slice(0, begin).combine_chunks()
            rest = table.slice(begin).combine_chunks()
    if rest is not None:
        yield rest


@contextmanager
def _open(path: Path) -> Iterator[arrow_csv.CSVStreamingReader]:
    types = {name: pa.string() if name in _TEXTS else pa.float64() for name in CHANGE_HEADER}
    header = ','.join(CHANGE_HEADER)
    try:
        with open(path, 'rb') as file:
            found = file.readline(1000).decode('utf-8', 'replace').strip('\ufeff\r\n')
        if found != header:
            raise InputError(f'{path}: the header is {found[:80]!r} instead of {header!r}; {_MEND}')
        with arrow_csv.open_csv(
            path,
            # With threads it reads many blocks ahead.
            arrow_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            # Names of files may have several lines.
            arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(column_types=types, null_values=['']),
        ) as reader:
            yield reader
    except FileNotFoundError as error:
        raise InputError(f'{path}: there is no such file; {_MEND}') from error
    except (OSError, pa.ArrowInvalid) as error:
        reason = getattr(error, 'strerror', None) or str(error).splitlines()[0]
        raise InputError(f'{path}: cannot be read ({reason}); write it again') from error


def _check(path: Path, table: pa.Table) -> None:
    known = compute.is_in(table['Kind'], pa.array(KINDS)).to_numpy()
    if not known.all():
        found = table['Kind'][int(known.argmin())].as_py()
        raise InputError(f'{path}: {found!r} is none of {", ".join(KINDS)}; {_MEND}')


def _starts(ids: pa.ChunkedArray) -> np.ndarray:
    """Where in (n,) texts another one begins."""
    new = compute.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy()
    return np.append(0, np.flatnonzero(new) + 1)


def _last_start(path: Path, ids: pa.ChunkedArray) -> int:
    """Where the last image begins; ids ascend in the file, or one could come back later."""
    plain = compute.replace_substring_regex(ids, _QUOTED_FORMULA, r'\1')
    before, after = plain.slice(0, len(ids) - 1), plain.slice(1)
    falls = compute.greater(before, after).to_numpy()
    if falls.any():
        found = after[int(falls.argmax())].as_py()
        raise InputError(
            f'{path}: the rows of image {found!r} come after those of a later image; sort the '
            'file by ImageID'
        )
    return int(_starts(ids)[-1])
