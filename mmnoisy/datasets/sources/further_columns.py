"""Columns that are no labels: kept for the file that is written back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, Mapping, Optional, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from mmnoisy.datasets.sources.base import LabelTable
from mmnoisy.io.atomic import atomic_path
from mmnoisy.io.texts import Texts

ROLE = 'further:'
"""Begins the role of such a column in the order of a layout."""


def by_image(
    image: np.ndarray, num_images: int, columns: Mapping[str, pa.Array]
) -> Dict[str, pa.Array]:
    """What columns say of each image, without those that say several things of one.

    Args:
        image: (n,) the place of the image of each row, -1 for none.
        num_images: I.
        columns: (n,) each, by name.

    Returns:
        (I,) each.
    """
    row = np.flatnonzero(image >= 0)
    if not columns or not len(row):
        return {}
    first = np.empty(num_images, np.int64)
    first[image[row][::-1]] = row[::-1]
    found = {}
    for name, column in columns.items():
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        code = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        if (code[row] == code[first[image[row]]]).all():
            found[name] = coded.dictionary.take(coded.indices.take(pa.array(first)))
    return found


def is_kept(kind: pa.DataType) -> bool:
    """Whether cells of this type are kept: texts, numbers and times, not pictures or lists."""
    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    binary = types.is_binary(kind) or types.is_large_binary(kind)
    return not (types.is_nested(kind) or types.is_null(kind) or binary)


def write_columns(labels: LabelTable, path: Path) -> None:
    """Writes the further columns of labels, and their groups, as Parquet; nothing without any."""
    columns = dict(labels.columns)
    if labels.groups is not None:
        columns[labels.layout['group_column']] = pa.array(labels.groups, pa.string())
    if columns:
        arrays = [pa.array(labels.images, pa.string()), *columns.values()]
        table = pa.Table.from_arrays(arrays, ['', *columns])
        with atomic_path(path) as part:
            parquet.write_table(table, part)


def with_columns(labels: LabelTable, path: Path, group: Optional[str]) -> LabelTable:
    """Labels with what :func:`write_columns` wrote of their images.

    Args:
        labels: of images by the same names.
        path: of the file; there may be none.
        group: the column of their groups.
    """
    if not path.is_file():
        return labels
    columns = of_images(parquet.read_table(path), labels.images)
    groups = columns.pop(group, None) if group else None
    of_each = None if groups is None else groups.fill_null('').to_pylist()
    return replace(labels, columns=columns, groups=of_each)


def of_images(table: pa.Table, images: Sequence[str]) -> Dict[str, pa.Array]:
    """The columns of some images; null for one that is not there.

    Args:
        table: whose first column has the names of images, each once.
        images: names.
    """
    row = Texts.of_arrow(table.column(0).combine_chunks()).rows(Texts.of(images))
    rows = pa.array(row, mask=row < 0)
    columns = (column.combine_chunks().take(rows) for column in table.columns[1:])
    return dict(zip(table.column_names[1:], columns))
