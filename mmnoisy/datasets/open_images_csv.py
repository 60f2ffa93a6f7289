"""Reads the CSV files of an Open Images release into columns (no MM imports)."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List, Sequence, TextIO, Tuple

import numpy as np
import polars as pl

from mmnoisy.errors import InputError

LABEL_COLUMNS = ['ImageID', 'Source', 'LabelName', 'Confidence']

UNLISTED = 'class outside the class list'

_FAULTS = {
    'ImageID': 'malformed image id',
    'LabelName': UNLISTED,
    'Confidence': 'confidence outside [0, 1]',
    'Source': 'no source',
}

_HEX_ID = r'^[0-9a-fA-F]{16}$'


@dataclass
class LabelRows:
    """The usable rows of one label file, column by column, and an account of all its rows.

    Attributes:
        image_id: (R,) uint64.
        label: (R,) int64, positions in the class list.
        confidence: (R,) float32 in [0, 1]; for verdicts 1 means present and 0 absent.
        num_rows: rows in the file, the header not counted.
        dropped: rows left out, by reason.
        examples: the first value left out and where it stands, for reasons within a row.
    """

    image_id: np.ndarray
    label: np.ndarray
    confidence: np.ndarray
    num_rows: int
    dropped: Dict[str, int]
    examples: Dict[str, str]

    def keep(self, mask: np.ndarray, reason: str) -> LabelRows:
        """The rows where ``mask`` (R,) is true; the others are counted under ``reason``."""
        return replace(
            self,
            image_id=self.image_id[mask],
            label=self.label[mask],
            confidence=self.confidence[mask],
            dropped={**self.dropped, reason: int(len(mask) - mask.sum())},
        )


def read_labels(path: Path, classes: Sequence[str]) -> LabelRows:
    """Reads ``ImageID,Source,LabelName,Confidence`` rows, one label of one image each.

    Rows of classes outside the list, of malformed image ids and of confidences that are no
    number in [0, 1] are dropped and counted, never guessed at.

    Args:
        path: a label file of Open Images V1 to V7.
        classes: MIDs such as ``/m/06ht1``; a label becomes its position in this list.

    Returns:
        The usable rows in the order of the file.

    Raises:
        InputError: the file is missing, has another header, is no CSV or has no usable row.
    """
    _check_header(path, LABEL_COLUMNS)
    image_id, confidence = pl.col('ImageID'), pl.col('Confidence')
    number = confidence.str.strip_chars().cast(pl.Float32, strict=False)
    lines = pl.scan_csv(path, schema=dict.fromkeys(LABEL_COLUMNS, pl.String))
    columns = _collect(
        path,
        lines.select(
            ImageID=_hex_to_integer(image_id),
            LabelName=pl.col('LabelName').cast(pl.Enum(list(classes)), strict=False).to_physical(),
            Confidence=pl.when(number.is_between(0, 1)).then(number),
            # Not used, but columns left out are not parsed, and rows with more of them pass.
            Source='Source',
        ),
    )
    usable = columns.drop_nulls()
    dropped, examples = _account_for_nulls(columns, lines)
    rows = LabelRows(
        usable['ImageID'].to_numpy(),
        usable['LabelName'].cast(pl.Int64).to_numpy(),
        usable['Confidence'].to_numpy(),
        len(columns),
        dropped,
        examples,
    )
    if rows.num_rows and not len(usable):
        reason = max(dropped, key=dropped.__getitem__)
        raise InputError(
            f'{path}: none of its {rows.num_rows} rows can be used ({reason}: '
            f'{examples[reason]}); give the label file and the class list of the same release'
        )
    return rows


def read_image_ids(path: Path) -> np.ndarray:
    """Reads the first column of an image list, ``ImageID,...``.

    Returns:
        (N,) uint64 in ascending order, each id once.

    Raises:
        InputError: the file is missing, has no ``ImageID`` column first, or a malformed id.
    """
    header = _read_header(path)
    if header[:1] != ['ImageID']:
        raise InputError(
            f'{path}: the header is {",".join(header)!r}, but an image list begins with '
            "'ImageID'; give the images.csv of the release"
        )
    lines = pl.scan_csv(path, infer_schema=False).select(
        text='ImageID', image_id=_hex_to_integer(pl.col('ImageID'))
    )
    columns = _collect(path, lines)
    malformed = columns.filter(pl.col('image_id').is_null())
    if len(malformed):
        raise InputError(
            f'{path}: {malformed["text"][0]!r} is no image id; '
            'ids are 16 hexadecimal digits such as 000060e3121c7305'
        )
    return np.unique(columns['image_id'].to_numpy())


def read_class_list(path: Path) -> List[str]:
    """Reads one MID per line (``labelmap.txt``, ``classes-trainable.txt``), order kept.

    Raises:
        InputError: the file is missing or empty, or a line is no MID or appears twice.
    """
    classes = _read_text(path).split()
    if not classes:
        raise InputError(f'{path}: the class list is empty; give one MID such as /m/06ht1 per line')
    seen = set()
    for mid in classes:
        if not mid.startswith(('/m/', '/g/')) or '.' in mid or mid in seen:
            what = 'appears twice' if mid in seen else 'is no MID such as /m/06ht1'
            raise InputError(f'{path}: {mid!r} {what}; give each class once, one per line')
        seen.add(mid)
    return classes


def read_pairs(path: Path) -> List[List[str]]:
    """Reads two columns keyed by MID: class descriptions or ``LabelName,Category``.

    A header line is skipped (Open Images V6 and V7 have one, V1 to V5 do not): a data row begins
    with ``/``.

    Returns:
        ``[mid, text]`` rows in the order of the file.

    Raises:
        InputError: the file is missing or a row has not exactly two fields.
    """
    rows = list(csv.reader(_read_text(path).splitlines()))
    if rows and rows[0] and not rows[0][0].startswith('/'):
        rows = rows[1:]
    for row in rows:
        if len(row) != 2:
            raise InputError(
                f'{path}: {",".join(row)!r} has {len(row)} fields instead of 2; '
                'quote texts that contain commas'
            )
    return rows


def _hex_to_integer(column: pl.Expr) -> pl.Expr:
    # In two halves: integers parsed from text are signed, and half of the ids exceed 2^63.
    valid = pl.when(column.str.contains(_HEX_ID)).then(column)
    high, low = (
        valid.str.slice(start, 8).str.to_integer(base=16, strict=False).cast(pl.UInt64)
        for start in (0, 8)
    )
    return high * 2**32 + low


def _account_for_nulls(
    columns: pl.DataFrame, lines: pl.LazyFrame
) -> Tuple[Dict[str, int], Dict[str, str]]:
    """Counts each unusable row once, under the first of its faults, and shows the first of each."""
    counts, examples = {}, {}
    sound = pl.repeat(True, len(columns), eager=True)
    for field, fault in _FAULTS.items():
        here = sound & columns[field].is_null()
        sound &= ~here
        counts[fault] = int(here.sum())
        if counts[fault]:
            row = here.arg_true()[0]
            text = lines.select(field).slice(row, 1).collect().item() or ''
            examples[fault] = f'{text!r} in line {row + 2}'
    return counts, examples


def _collect(path: Path, lines: pl.LazyFrame) -> pl.DataFrame:
    try:
        return lines.collect()
    except pl.exceptions.PolarsError as error:
        reason = str(error).split('\n')[0]
        raise InputError(f'{path}: cannot be read as CSV ({reason}); download it again') from error


def _check_header(path: Path, expected: List[str]) -> None:
    header = _read_header(path)
    if header != expected:
        raise InputError(
            f'{path}: the header is {",".join(header)!r} instead of {",".join(expected)!r}; '
            'give an image-level label file of Open Images'
        )


def _read_header(path: Path) -> List[str]:
    with _open(path) as file:
        return next(csv.reader([file.readline().rstrip('\r\n')]), [])


def _read_text(path: Path) -> str:
    with _open(path) as file:
        return file.read()


def _open(path: Path) -> TextIO:
    if not Path(path).is_file():
        raise InputError(f'{path}: there is no such file; check the path')
    return open(path, encoding='utf-8-sig', errors='replace', newline='')
