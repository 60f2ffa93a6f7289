"""Parses pieces of label files and image lists: lines of text to arrays (no MM imports).

A line is a row, so that damage never spreads: quotes around a field are taken off, but they
protect neither commas nor line ends, which no id, class or confidence has.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from mmnoisy.datasets.csr import class_type, sort_runs
from mmnoisy.datasets.release.ids import decode
from mmnoisy.datasets.release.values import (
    PRESENT,
    code_of_verdict,
    confidence_of,
    weight_of_label,
    weight_of_verdict,
)
from mmnoisy.io.spreadsheet import as_text

MALFORMED_ID = 'malformed image id'
UNLISTED = 'class outside the class list'
NO_CONFIDENCE = 'confidence outside [0, 1]'
NO_VERDICT = 'verdict other than 0/1, true/false, yes/no or 1/-1'
OTHER_KIND = 'verdict among machine labels or machine label among verdicts'
RAGGED = 'not four fields'
OTHER_SUBSET = 'image of another subset'

LABEL_COLUMNS = ('ImageID', 'Source', 'LabelName', 'Confidence')

# The CSV reader cannot report rows in other encodings; usable rows are ASCII.
_TO_ASCII = bytes(range(128)) + b'?' * 128

_MAX_TEXTS = 2**20

# Reason, number of rows, and the first of them with the value at fault.
Fault = Tuple[str, int, int, str]


def one_label_a_line(block: bytes) -> bytes:
    """``id,0.9:/m/a,0.7:/m/b`` as two rows of the later form."""
    rows = []
    for line in block.splitlines():
        image_id, *labels = line.split(b',')
        for label in labels:
            confidence, _, mid = label.partition(b':')
            rows.append(b'%s,machine,%s,%s\n' % (image_id, mid, confidence))
    return b''.join(rows)


class LabelParser:
    """Turns lines of a label file into arrays; may be called in several threads at once.

    Args:
        classes: MIDs; a label becomes its position in this list.
        kind: ``machine`` or ``human``.
    """

    def __init__(self, classes: Sequence[str], kind: str) -> None:
        self.kind = kind
        self.num_classes = len(classes)
        # An id that a spreadsheet would run is known as files for people have it, too.
        lookup = {as_text(mid).encode(): position for position, mid in enumerate(classes)}
        lookup.update((mid.encode(), position) for position, mid in enumerate(classes))
        self._labels = _Numbers(lambda mid: lookup.get(mid, -1), np.int32)
        self._confidences = _Numbers(
            confidence_of if kind == 'machine' else code_of_verdict, np.float32
        )
        weigh = weight_of_label if kind == 'machine' else weight_of_verdict
        self._weights = _Numbers(weigh, np.float32)

    def __call__(
        self, block: bytes
    ) -> Tuple[Tuple[np.ndarray, ...], Tuple[int, int], List[Fault], np.ndarray]:
        """Runs, counts, labels and values; how many lines, and blank ones; the faults; the codes.

        Of verdicts the codes are (3,), how many are ``ABSENT``, ``PRESENT`` and ``MINUS``.
        """
        table, ragged = _split(block)
        ids, sources, names, confidences = (table.column(k).chunk(0) for k in range(4))
        text = _fixed_width(ids)
        run = _first_of_runs(text)
        image_id, sound = decode(text[run])
        sound_row = np.repeat(sound, np.diff(run, append=len(text)))
        label = self._labels.of(names)
        confidence = self._confidences.of(confidences)
        weight = self._weights.of(sources)

        usable = sound_row & (label >= 0) & (confidence >= 0) & (weight > 0)
        count = np.add.reduceat(usable, run, dtype=np.int64) if len(run) else run
        num_blank, faults = _blank_and_ragged(ragged)
        unusable = ~usable
        if unusable.any():
            blank = _blank(table)
            num_blank += int(blank.sum())
            unusable &= ~blank
            tests = {
                'ImageID': (MALFORMED_ID, ~sound_row),
                'LabelName': (UNLISTED, label < 0),
                'Confidence': (
                    NO_CONFIDENCE if self.kind == 'machine' else NO_VERDICT,
                    confidence < 0,
                ),
                'Source': (OTHER_KIND, weight == 0),
            }
            faults += _faults(unusable, tests, table, ragged)
        image_id, count, label = image_id[sound], count[sound], label[usable]
        if self.kind == 'machine':
            runs = np.arange(len(count))
            labels = sort_runs(runs, count, label, confidence[usable], self.num_classes, np.maximum)
            part, codes = (image_id, *labels), np.zeros(0, np.int64)
        else:
            value = np.where(confidence == PRESENT, weight, -weight)[usable]
            part = (image_id, count, label.astype(class_type(self.num_classes)), value)
            codes = np.bincount(confidence[usable].astype(np.int64), minlength=3)
        return part, (len(text) + len(ragged), num_blank), faults, codes


class _Numbers(dict):
    """The numbers that stand for texts, each found once."""

    def __init__(self, function: Callable[[bytes], float], dtype: type) -> None:
        super().__init__()
        self.function = function
        self.dtype = dtype

    def __missing__(self, text: bytes) -> float:
        if len(self) >= _MAX_TEXTS:
            self.clear()
        number = self[text] = self.function(_unquote(text))
        return number

    def of(self, column: pa.DictionaryArray) -> np.ndarray:
        """(n,) the numbers of a column of texts."""
        numbers: np.ndarray = np.array(
            [self[text] for text in column.dictionary.to_pylist()], self.dtype
        )
        return numbers[column.indices.to_numpy()]


def _split(block: bytes) -> Tuple[pa.Table, List[Tuple[int, str]]]:
    """Lines as columns of bytes; number and text of the lines that have not four fields."""
    ragged = []

    def skip(row: Any) -> str:
        ragged.append((row.number - 1, row.text))
        return 'skip'

    text = pa.dictionary(pa.int32(), pa.binary())
    table = arrow_csv.read_csv(
        pa.BufferReader(block if block.isascii() else block.translate(_TO_ASCII)),
        arrow_csv.ReadOptions(
            use_threads=False, block_size=len(block) + 1, column_names=LABEL_COLUMNS
        ),
        arrow_csv.ParseOptions(
            quote_char=False, ignore_empty_lines=False, invalid_row_handler=skip
        ),
        arrow_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict(zip(LABEL_COLUMNS, (pa.binary(), text, text, text))),
            null_values=[],
        ),
    )
    return table, ragged


def _fixed_width(column: pa.BinaryArray) -> np.ndarray:
    """(n, 16) uint8: texts of 16 characters; zeros where a text has not 16."""
    _, offsets, data = column.buffers()
    end = np.frombuffer(offsets, np.int32)[column.offset :][: len(column) + 1]
    characters = np.frombuffer(data or b'', np.uint8)
    regular = np.diff(end) == 16
    if regular.all():
        return characters[end[0] : end[-1]].reshape(-1, 16)
    fixed = np.zeros((len(column), 16), np.uint8)
    fixed[regular] = characters[end[:-1][regular, None] + np.arange(16)]
    for row in np.flatnonzero(~regular):
        text = _unquote(column[row].as_py())
        if len(text) == 16:
            fixed[row] = np.frombuffer(text, np.uint8)
    return fixed


def _first_of_runs(text: np.ndarray) -> np.ndarray:
    """Positions in (n, 16) at which another text begins."""
    first, second = np.ascontiguousarray(text).view(np.uint64).T
    new = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return np.flatnonzero(np.concatenate([[len(text) > 0], new])) if len(text) else np.zeros(0, int)


def _unquote(text: bytes) -> bytes:
    text = text.strip()
    return text[1:-1] if text[:1] == text[-1:] == b'"' else text


def _faults(
    unusable: np.ndarray,
    tests: Dict[str, Tuple[str, np.ndarray]],
    table: pa.Table,
    ragged: List[Tuple[int, str]],
) -> Iterator[Fault]:
    """Counts each unusable row once, under the first test that it fails."""
    for column, (reason, failed) in tests.items():
        here = unusable & failed
        unusable = unusable & ~failed
        if here.any():
            row = int(here.argmax())
            text = _unquote(table.column(column)[row].as_py()).decode('ascii')
            for number, _ in ragged:
                row += number <= row
            yield reason, int(here.sum()), row, text


def _blank(table: pa.Table) -> np.ndarray:
    """(n,) whether all fields of a row are empty, as in rows that spreadsheets add."""
    ids, *others = (table.column(name) for name in LABEL_COLUMNS)
    blank: np.ndarray = np.array(pc.equal(pc.binary_length(ids), 0))
    for row in np.flatnonzero(blank).tolist():
        blank[row] = not any(column[row].as_py() for column in others)
    return blank


def _blank_and_ragged(lines: List[Tuple[int, str]]) -> Tuple[int, List[Fault]]:
    """Of the lines that have not four fields: how many are blank, and the fault of the others."""
    ragged = [line for line in lines if line[1].strip()]
    faults = [(RAGGED, len(ragged), *ragged[0])] if ragged else []
    return len(lines) - len(ragged), faults


def count_names(block: bytes) -> Dict[str, int]:
    """How often each text stands in the third column of some lines."""
    names = _split(block)[0].column('LabelName').chunk(0)
    counts = np.bincount(names.indices.to_numpy(), minlength=len(names.dictionary))
    return {
        _unquote(text).decode('ascii'): int(count)
        for text, count in zip(names.dictionary.to_pylist(), counts)
    }


def parse_image_ids(subset: str, block: bytes) -> Tuple[np.ndarray, Tuple[int, int], List[Fault]]:
    """Image ids of some lines; how many lines, and blank ones; the faults among them."""
    characters = np.frombuffer(block + b'\n' * (40 + len(subset)), np.uint8)
    line = np.flatnonzero(characters[: len(block)] == ord('\n')) + 1
    line = np.concatenate([[0], line[line < len(block)]])

    def field(start: np.ndarray, width: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The field of so many characters that begins here; whether it ends; what comes next."""
        start = start + (characters[start] == ord('"'))
        text = np.lib.stride_tricks.sliding_window_view(characters, width)[start]
        end = start + width
        end += characters[end] == ord('"')
        return text, np.isin(characters[end], np.frombuffer(b',\n', np.uint8)), end + 1

    def fault(reason: str, rows: np.ndarray) -> Iterator[Fault]:
        if rows.any():
            row = int(rows.argmax())
            shown = block[line[row] : line[row] + 60].split(b'\n')[0]
            yield reason, int(rows.sum()), row, shown.decode('utf-8', 'replace')

    text, ends, second = field(line, 16)
    image_id, sound = decode(text)
    sound &= ends
    blank = characters[line] == ord('\n')
    faults = [*fault(MALFORMED_ID, ~(sound | blank))]
    if subset:
        name, ends, _ = field(second, len(subset))
        other = sound & ~((name == np.frombuffer(subset.encode(), np.uint8)).all(1) & ends)
        faults += fault(OTHER_SUBSET, other)
        sound &= ~other
    return image_id[sound], (len(line), int(blank.sum())), faults
