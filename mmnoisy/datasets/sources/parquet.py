"""Parquet files: a row a label, a row an image, or a column a class."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pyarrow as pa
from pyarrow import parquet

from mmnoisy.datasets.sources.arrow_tables import labels_of_arrow
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.opening import open_file
from mmnoisy.datasets.sources.typed_columns import typed_columns
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_path

_SAMPLE = 1000


@register
class ParquetSource(Source):
    """A row a label, a row an image with lists, or a column a class."""

    name = 'parquet'
    title = 'Parquet'

    @classmethod
    def recognises(cls, path: str) -> bool:
        """By the first bytes."""
        try:
            with open_file(path) as file:
                return file.read(4) == b'PAR1'
        except InputError:
            return False

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads a file; see the base class."""
        try:
            with open_file(path) as stream:
                file = parquet.ParquetFile(stream)

                def load(names: List[str]) -> pa.Table:
                    return file.read(columns=names)

                batches = file.iter_batches(batch_size=_SAMPLE)
                first = next(batches, None)
                schema = file.schema_arrow
                sample = pa.Table.from_batches([] if first is None else [first], schema)
                return labels_of_arrow(sample, load, dict(format=self.name), kind, options, path)
        except pa.ArrowException as error:
            raise InputError(
                f'{path}: is no sound Parquet file ({error}); write it anew'
            ) from error

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes a file in the shape of the layout; see the base class."""
        names, columns = typed_columns(table, kind)
        with atomic_path(Path(path)) as part:
            parquet.write_table(pa.table(columns, names), part)
