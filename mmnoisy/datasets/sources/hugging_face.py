"""A data set folder of Hugging Face: pictures beside a table of metadata, or Parquet shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import Collector, labels_by_image
from mmnoisy.datasets.sources.documents import as_expected, json_cell, write_csv
from mmnoisy.datasets.sources.hugging_face_tables import (
    FILE,
    find_tables,
    names_pictures,
    read_rows,
)
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_folder, atomic_path, atomic_write
from mmnoisy.wording import counted

LABELS = {
    'noisy': ('labels', 'label'),
    'verified': ('verified_present', 'labels', 'label'),
}
SCORES = ('confidences', 'confidence', 'scores', 'score')
ABSENT = 'verified_absent'
"""Columns that are looked for, the first of them being written."""


@register
class HuggingFace(Source):
    """``imagefolder`` with ``metadata.jsonl``, ``.csv`` or ``.parquet``, or Parquet with pictures.

    A row has ``file_name`` or an ``image`` with a ``path``, and a column with a label or a list
    of labels: texts, or numbers of a ``ClassLabel``, of which -1 is none. The column
    ``verified_absent`` holds the classes that are absent. Several tables, as of the splits, are
    one; an image is named from the folder on. The layout holds the ``form``, the
    ``label_column`` and whether it has a ``single`` label. What is written is a folder with the
    metadata, or the one file by its name; the pictures of shards stay where they are, and their
    labels become ``metadata.parquet``.
    """

    name = 'hugging_face'
    title = 'a Hugging Face data set'
    endings = ('.jsonl', '.csv', '.parquet')

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks for the files of metadata, or for Parquet with a column of pictures."""
        try:
            return any(names_pictures(table) for _, table in find_tables(path))
        except Exception:
            return False

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`."""
        with as_expected(path, self.title):
            tables = find_tables(path)
        forms = {table.rpartition('.')[2] for _, table in tables}
        if len(forms) != 1:
            files = ', '.join(sorted(table for _, table in tables)) or 'no table of metadata'
            raise InputError(f'{path}: has {files}; leave one kind of metadata in it')
        (form,) = forms
        collector, single = Collector(path, kind, options), True
        found: Dict[str, str] = {}
        for folder, table in tables:
            with as_expected(table, self.title):
                names, rows = read_rows(table, options.sep)
                if not rows:  # such as of a split without pictures
                    continue
                columns = _Columns(rows, kind, options, table)
                if form == 'csv':
                    columns.take_lists(rows)
                found = found or columns.layout()
                for name in names.get(columns.labels, ()):
                    collector.list_class(name)
                for number, row in enumerate(rows, 1):
                    single &= not isinstance(row.get(columns.labels), (list, dict))
                    _add(collector, folder, row, columns, names, f'in row {number}')
        return collector.table(format=self.name, form=form, single=single, **found)

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes labels; see :class:`Source`."""
        form = table.layout.get('form') or 'jsonl'
        if path.endswith(('.jsonl', '.csv', '.parquet')):
            _write(table, path, kind)
        else:
            with atomic_folder(Path(path)) as folder:
                _write(table, str(folder / f'metadata.{form}'), kind)


class _Columns:
    """The columns of a table that count."""

    def __init__(self, rows: List[Dict], kind: Kind, options: Options, table: str) -> None:
        keys = [*{key: None for row in rows for key in row}]
        self.image = _column(keys, (FILE, 'image'), options.image_column, table, 'image')
        rest = [key for key in keys if key not in (self.image, *SCORES, ABSENT)]
        known = [key for key in LABELS[kind] if key in rest][:1] or rest
        self.labels = _column(known, (), options.label_column, table, 'label', keys)
        self.scores = options.score_column or next((k for k in SCORES if k in keys), '')

    def layout(self) -> Dict[str, str]:
        """Of a table with these columns."""
        found = {'image_column': self.image, 'label_column': self.labels}
        return {**found, 'score_column': self.scores} if self.scores in SCORES else found

    def take_lists(self, rows: List[Dict[str, Any]]) -> None:
        """Puts the lists that the cells of a CSV file are the JSON of in their place."""
        for row in rows:
            for key in {self.labels, self.scores, ABSENT} & {*row}:
                value = json_cell(row[key])
                row[key] = value if isinstance(value, list) else row[key]


def _column(
    found: List[str],
    first: Sequence[str],
    given: Optional[str],
    table: str,
    what: str,
    keys: Sequence[str] = (),
) -> str:
    """The column that is given, one of the first names, or the only one."""
    if given is not None:
        found = [key for key in (*found, *keys) if key == given][:1]
    found = [key for key in first if key in found][:1] or found
    if len(found) != 1:
        raise InputError(
            f'{table}: has the {what} in one of its columns '
            f'({", ".join(map(str, found or keys)) or "none"}); name it with --{what}-column'
        )
    return found[0]


def _add(
    collector: Collector,
    folder: str,
    row: Dict[str, Any],
    columns: _Columns,
    names: Dict[str, List[str]],
    where: str,
) -> None:
    name = row.get(columns.image)
    if folder and isinstance(name, str) and name:
        name = f'{folder}/{name}'
    image = collector.image(name, row)
    if image is None:
        return
    labels = _list(row.get(columns.labels))
    if collector.verified:
        values: List[Any] = [True] * len(labels)
        absent = _list(row.get(ABSENT))
        labels, values = labels + absent, values + [False] * len(absent)
    else:
        values = _list(row.get(columns.scores)) or [None] * len(labels)
        if isinstance(values[0] if values else None, str):
            values = [float(value) for value in values]
        if len(values) != len(labels):
            raise ValueError(
                f'{counted(len(values), "confidence")} for {counted(len(labels), "label")} {where}'
            )
    classes = names.get(columns.labels)
    for label, value in zip(labels, values):
        if classes and isinstance(label, int):
            if label != -1:
                collector.add_number(image, label, classes, value, where)
        else:
            collector.add(image, label, value, where)


def _list(value: Any) -> List[Any]:
    return value if isinstance(value, list) else [] if value in (None, '') else [value]


def _write(table: LabelTable, path: str, kind: Kind) -> None:
    """Writes a table of metadata, its form by the end of the name."""
    labels = table.layout.get('label_column') or LABELS[kind][0]
    scores = table.layout.get('score_column') or SCORES[0]
    other = scores if kind == 'noisy' else ABSENT
    counted = table.image if kind == 'noisy' else table.image[table.value > 0]
    single = bool(table.layout.get('single')) and np.bincount(counted).max(initial=0) <= 1

    csv = path.endswith('.csv')

    def cell(values: List[Any]) -> Any:
        # In a cell of CSV the text of a list would be one.
        if not single or (csv and any(str(value).startswith('[') for value in values)):
            return values
        return values[0] if values else None

    def rows() -> Iterator[Dict[str, Any]]:
        for image in labels_by_image(table):
            noisy = kind == 'noisy'
            names = [table.classes[k] for k in (image.labels if noisy else image.present())]
            absent = [table.classes[k] for k in image.absent()]
            yield {
                FILE: image.name,
                labels: cell(names),
                other: cell(image.values) if noisy else absent,
            }

    if csv:
        write_csv(path, [FILE, labels, other], rows())
    elif path.endswith('.parquet'):
        text, number = pa.string(), pa.float32()
        types = text if single else pa.list_(text), number if single else pa.list_(number)
        schema = [(FILE, text), (labels, types[0])]
        schema.append((other, types[1] if kind == 'noisy' else pa.list_(text)))
        with atomic_path(Path(path)) as part:
            parquet.write_table(pa.Table.from_pylist([*rows()], pa.schema(schema)), part)
    else:
        with atomic_write(Path(path)) as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + '\n' for row in rows())
