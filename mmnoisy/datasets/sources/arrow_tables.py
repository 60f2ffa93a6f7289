"""Labels of an Arrow table: of a Parquet file or a data frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List

import pyarrow as pa

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options
from mmnoisy.datasets.sources.cell_values import flat
from mmnoisy.datasets.sources.further_columns import is_kept
from mmnoisy.datasets.sources.roles import Roles, find_roles
from mmnoisy.datasets.sources.shapes import DICT
from mmnoisy.datasets.sources.tables import labels_of
from mmnoisy.datasets.sources.typed_columns import items_of, keys_of
from mmnoisy.errors import InputError


def labels_of_arrow(
    sample: pa.Table,
    load: Callable[[List[str]], pa.Table],
    layout: Dict[str, Any],
    kind: Kind,
    options: Options,
    path: str,
) -> LabelTable:
    """Labels of a table.

    Args:
        sample: its first rows.
        load: gives columns by their names.
        layout: what is known of the format.
        kind: of the labels.
        options: what is given.
        path: to name the source.

    Raises:
        InputError: it cannot be told which columns hold what, or no row can be used.
    """
    names = list(sample.column_names)
    if len({*names}) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f'{path}: column {twice!r} is there twice; rename one')
    cells = [column.to_pylist() for column in sample.columns]
    roles = find_roles(names, cells, kind, options, path)
    kept = [k for k, column in enumerate(sample.columns) if is_kept(column.type)]
    places = {*roles.used, *(kept if kind == 'noisy' else ())}
    table = load([names[k] for k in sorted(places)])
    columns = {k: table.column(names[k]) for k in places}
    columns = {k: flat(c) if k in roles.used else c.combine_chunks() for k, c in columns.items()}
    image = columns[roles.image]
    if pa.types.is_struct(image.type) and image.type.get_field_index('path') >= 0:
        columns[roles.image] = flat(image.field('path'))
    elif pa.types.is_nested(image.type) or pa.types.is_floating(image.type):
        raise InputError(
            f'{path}: column {names[roles.image]!r} holds {image.type}, not names of images; name '
            'the one that does with --image-column'
        )
    return _of_columns(names, columns, roles, layout, kind, options, path)


def _of_columns(
    names: List[str],
    columns: Dict[int, pa.Array],
    roles: Roles,
    layout: Dict[str, Any],
    kind: Kind,
    options: Options,
    path: str,
) -> LabelTable:
    """Maps become lists of labels and of scores, structs a column a class."""
    label, further = roles.label, len(names)
    kind_of = pa.null() if label is None else columns[label].type
    is_map = pa.types.is_map(kind_of)
    if label is not None and is_map:
        cells = columns[label]
        columns[label], columns[further] = flat(keys_of(cells)), flat(items_of(cells))
        names, roles = [*names, names[label]], replace(roles, score=further)
    elif label is not None and pa.types.is_struct(kind_of):
        fields = [kind_of.field(k).name for k in range(kind_of.num_fields)]
        places = tuple(range(further, further + len(fields)))
        columns.update((k, flat(columns[label].field(name))) for k, name in zip(places, fields))
        names, roles = [*names, *fields], replace(roles, label=None, score=None, classes=places)
    table = labels_of(names, columns, roles, layout, kind, options, Account(), path)
    if is_map:
        layout.update(list_sep=DICT, score_column=None, order=['image', 'label'])
    return table
