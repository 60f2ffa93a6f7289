"""Parquet files: a row a label, a row an image, or a column a class."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pyarrow as pa
from pyarrow import parquet

from mmnoisy.datasets.sources.arrow_tables import labels_of_arrow
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.opening import open_file, open_parquet
from mmnoisy.datasets.sources.storage import files_below, is_folder, join
from mmnoisy.datasets.sources.typed_columns import typed_columns
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_path

_SAMPLE = 1000


@register
class ParquetSource(Source):
    """A row a label, a row an image with lists, or a column a class; a file, or a folder of them.

    Files of a folder have the same columns, and are read in the order of their names.
    """

    name = 'parquet'
    title = 'Parquet'
    endings = ('.parquet',)

    @classmethod
    def recognises(cls, path: str) -> bool:
        """By the first bytes of a file, or the names of files in a folder."""
        try:
            if is_folder(path):
                return bool(_files(path))
            with open_file(path) as file:
                return file.read(4) == b'PAR1'
        except InputError:
            return False

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads a file or a folder; see the base class."""
        files = _files(path) if is_folder(path) else [path]
        if not files:
            raise InputError(f'{path}: has no Parquet file; give the folder of some')

        def load(names: List[str]) -> pa.Table:
            return pa.concat_tables([_read(file, names) for file in files])

        samples = (_sample(file) for file in files)
        first = next(samples)
        sample = first if len(first) else next(filter(len, samples), first)
        return labels_of_arrow(sample, load, dict(format=self.name), kind, options, path)

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes a file in the shape of the layout; see the base class."""
        names, columns = typed_columns(table, kind)
        with atomic_path(Path(path)) as part:
            parquet.write_table(pa.table(columns, names), part)


def _files(folder: str) -> List[str]:
    return [join(folder, name) for name in files_below(folder) if name.endswith('.parquet')]


def _sample(path: str) -> pa.Table:
    """The first rows of a file."""
    with open_parquet(path) as file:
        first = next(file.iter_batches(batch_size=_SAMPLE), None)
        return pa.Table.from_batches([] if first is None else [first], file.schema_arrow)


def _read(path: str, names: List[str]) -> pa.Table:
    with open_parquet(path) as file:
        missing = sorted({*names} - {*file.schema_arrow.names})
        if missing:
            raise InputError(f'{path}: has no column {missing[0]!r}; leave files of one kind there')
        return file.read(columns=names)
