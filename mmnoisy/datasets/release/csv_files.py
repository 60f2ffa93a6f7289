"""Reads the CSV files of Open Images releases, V1 to V7, into columns (no MM imports).

A line is a row, so that damage never spreads: quotes around a field are taken off, but they
protect neither commas nor line ends, which no id, class or confidence has.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Iterator, Sequence, Tuple

import numpy as np

from mmnoisy.datasets.account import Account, two_absences
from mmnoisy.datasets.csr import class_type
from mmnoisy.datasets.release.class_files import MID
from mmnoisy.datasets.release.csv_blocks import (
    LABEL_COLUMNS,
    Fault,
    LabelParser,
    count_names,
    one_label_a_line,
    parse_image_ids,
)
from mmnoisy.datasets.release.files import ReleaseFile, line_blocks
from mmnoisy.datasets.release.values import ABSENT, MINUS
from mmnoisy.datasets.threads import map_in_threads
from mmnoisy.errors import InputError
from mmnoisy.io.spreadsheet import delimiter

TWICE = 'given more than once'

_HEADERS = (
    LABEL_COLUMNS,
    ('ImageID', 'Source', 'Label', 'Confidence'),  # V1 as published for the second time
    ('image_id', 'source', 'label_name', 'confidence'),  # the tables on BigQuery
)
_WIDE_HEADER = ('ImageID', 'Confidence:Labels...')  # V1 as published first
_ID = '[0-9a-fA-F]{16}'


@dataclass
class LabelRows:
    """The usable rows of one label file, in its order, by runs of rows of one image.

    Attributes:
        image_id: (G,) uint64, the image of each run.
        count: (G,) int64, the usable rows of each run.
        label: (R,) positions in the class list; those of machine labels ascend within a run.
        value: (R,) float32; of a machine label its confidence in [0, 1], the highest in the run;
            of a verdict its weight, above 0 for present and below for absent, 1 if a volunteer's
            and 1024 if not.
        account: of all rows of the file.
        codes: how many verdicts are 0 (or false, no), 1 (or true, yes) and -1.
    """

    image_id: np.ndarray
    count: np.ndarray
    label: np.ndarray
    value: np.ndarray
    account: Account
    codes: Tuple[int, ...] = ()

    def keep(self, runs: np.ndarray, reason: str) -> LabelRows:
        """The runs where ``runs`` (G,) is true; the rows of the others are counted."""
        if runs.all():
            return self
        rows = np.repeat(runs, self.count)
        self.account.drop(reason, int(len(rows) - rows.sum()))
        return replace(
            self,
            image_id=self.image_id[runs],
            count=self.count[runs],
            label=self.label[rows],
            value=self.value[rows],
        )


def read_labels(file: ReleaseFile, classes: Sequence[str], kind: str) -> LabelRows:
    """Reads ``ImageID,Source,LabelName,Confidence`` rows, one label of one image each.

    Also read: the headers of V1's earlier publications, and files without a header. Rows of
    classes outside the list, of malformed image ids and of confidences that are no number in
    [0, 1] are dropped and counted, never guessed at; so are rows whose source says that they are
    of the other kind, which splits a file that holds both. A verdict is 0 or 1, false or true, no
    or yes, or, in a file without 0, -1 or 1.

    Args:
        file: a label file of Open Images V1 to V7.
        classes: MIDs such as ``/m/06ht1``; a label becomes its position in this list.
        kind: ``machine`` or ``human``.

    Raises:
        InputError: the file is missing or damaged, has another header or has no usable row.
    """
    parse = LabelParser(classes, kind)
    none = (np.uint64, np.int64, class_type(len(classes)), np.float32)
    codes = np.zeros(0 if kind == 'machine' else 3, np.int64)
    account, columns = Account(), [np.zeros(0, kind) for kind in none]
    with _label_blocks(file) as (blocks, unit, line):
        for part, lines, faults, found in map_in_threads(parse, blocks):
            line = _count(account, lines, faults, unit, line)
            codes = codes + found
            for column, piece in zip(columns, part):
                # In place: to keep all pieces and then join them would take twice the memory.
                column.resize(len(column) + len(piece), refcheck=False)
                column[len(column) - len(piece) :] = piece
    image_id, count, label, value = columns
    rows = LabelRows(image_id, count, label, value, account, tuple(codes.tolist()))
    account.drop(TWICE, account.rows - sum(account.dropped.values()) - len(label))
    if not len(label):
        mend = 'give the label file and the class list of the same release'
        raise account.useless(str(file), mend)
    if kind == 'human' and codes[ABSENT] and codes[MINUS]:
        raise two_absences(file, int(codes[ABSENT]), int(codes[MINUS]))
    return rows


def read_image_ids(file: ReleaseFile, subset: str = '') -> Tuple[np.ndarray, Account]:
    """Reads the first column of an image list, ``ImageID,...``, with or without a header.

    Lines that do not begin with an image id are dropped and counted; among them are the further
    lines of titles with a line end in them.

    Args:
        file: an ``images.csv``.
        subset: keep only the rows of this subset, where the second column is ``Subset``.

    Returns:
        (N,) uint64 in ascending order, each id once, and the account of the rows.

    Raises:
        InputError: the file is missing or damaged, has another header or has no usable row.
    """
    account, parts = Account(), [np.zeros(0, np.uint64)]
    with line_blocks(file) as (first, blocks):
        first, blocks = _with_commas(first, blocks)
        header, line = _fields(first), 2
        if header and re.fullmatch(_ID, header[0]):
            blocks, line = chain([first + b'\n'], blocks), 1
        elif header[:1] not in (('ImageID',), ('image_id',)):
            raise _header_error(file, header, 'ImageID,...', 'images.csv')
        wanted = subset if 'subset' in (name.lower() for name in header[1:2]) else ''
        for part, lines, faults in map_in_threads(partial(parse_image_ids, wanted), blocks):
            line = _count(account, lines, faults, 'line', line)
            parts.append(part)
    image_id = np.concatenate(parts)
    if not len(image_id):
        raise account.useless(str(file), 'give the image list of this subset')
    unique = sorted_once(image_id)
    account.drop(TWICE, len(image_id) - len(unique))
    return unique, account


def count_labels(file: ReleaseFile) -> Counter:
    """The number of rows of each MID in a label file, whatever else is in them.

    Raises:
        InputError: the file is missing or damaged, or has another header.
    """
    total: Counter = Counter()
    with _label_blocks(file) as (blocks, _, _):
        for counts in map_in_threads(count_names, blocks):
            total.update(counts)
    return Counter({mid: n for mid, n in total.items() if re.fullmatch(MID, mid)})


def sorted_once(image_id: np.ndarray) -> np.ndarray:
    """The distinct values of (n,), ascending; at once where they are already."""
    while not (image_id[1:] > image_id[:-1]).all():
        image_id = np.sort(image_id)
        image_id = image_id[np.append(True, image_id[1:] != image_id[:-1])]
    return image_id


@contextmanager
def _label_blocks(file: ReleaseFile) -> Iterator[Tuple[Iterator[bytes], str, int]]:
    """The rows of a label file, one label a line; what a row is called; the first one's number."""
    with line_blocks(file, together=16) as (first, blocks):
        first, blocks = _with_commas(first, blocks)
        header = _fields(first)
        if header in _HEADERS:
            yield blocks, 'line', 2
        elif header == _WIDE_HEADER:
            yield map(one_label_a_line, blocks), 'label', 1
        elif len(header) == 4 and re.fullmatch(_ID, header[0]):
            yield chain([first + b'\n'], blocks), 'line', 1
        else:
            raise _header_error(file, header, ','.join(LABEL_COLUMNS), 'an image-level label file')


def _with_commas(first: bytes, blocks: Iterator[bytes]) -> Tuple[bytes, Iterator[bytes]]:
    """The same where fields end in semicolons or tabs, as in files of spreadsheets."""
    mark = delimiter(first.decode('utf-8', 'replace'))
    if mark == ',':
        return first, blocks
    # Where fields do not end in commas, numbers may have them.
    commas = bytes.maketrans(f'{mark},'.encode(), b',.')
    return first.translate(commas), (block.translate(commas) for block in blocks)


def _fields(line: bytes) -> Tuple[str, ...]:
    return tuple(name.strip(' "') for name in line.decode('utf-8', 'replace').split(','))


def _header_error(
    file: ReleaseFile, header: Tuple[str, ...], expected: str, what: str
) -> InputError:
    shown = ','.join(header)[:80]
    return InputError(
        f'{file}: the header is {shown!r} instead of {expected!r}; give {what} of Open Images'
    )


def _count(
    account: Account, lines: Tuple[int, int], faults: Sequence[Fault], unit: str, first: int
) -> int:
    """Counts lines, so many and blank ones among them, the first of them with this number.

    Returns:
        The number of the next line.
    """
    for reason, count, row, text in faults:
        shown = text if len(text) <= 40 else text[:40] + '...'
        account.drop(reason, count, f'{shown!r} in {unit} {first + row}')
    account.rows += lines[0] - lines[1]
    return first + lines[0]
