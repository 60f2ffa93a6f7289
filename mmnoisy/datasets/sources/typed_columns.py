"""From labels to the columns of formats whose cells have types: JSON Lines, Parquet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import pyarrow as pa

from mmnoisy.datasets.sources import shapes
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options
from mmnoisy.datasets.sources.further_columns import ROLE
from mmnoisy.datasets.sources.list_cells import ONE, compose
from mmnoisy.datasets.sources.list_columns import ARRAY
from mmnoisy.datasets.sources.roles import find_roles
from mmnoisy.datasets.sources.shapes import DICT
from mmnoisy.errors import InputError


def keys_of(column: pa.MapArray) -> pa.Array:
    """The labels of a column of maps, in lists."""
    return pa.ListArray.from_arrays(column.offsets, column.keys)


def items_of(column: pa.MapArray) -> pa.Array:
    """The numbers of a column of maps, in lists."""
    return pa.ListArray.from_arrays(column.offsets, column.items)


def typed_columns(table: LabelTable, kind: Kind) -> Tuple[List[str], List[pa.Array]]:
    """The columns to write, in the shape of the layout; lists where that would be misread.

    Returns:
        Their names and cells.

    Raises:
        InputError: an image or a class has no name.
    """
    forms = {ONE: ARRAY}
    bare, lists = replace(table, columns={}), shapes.in_lists(table, kind, ARRAY)
    for one, changes in ((table, {}), (table, lists), (bare, lists)):
        layout = shapes.plan(one, kind, forms, **changes)
        names, columns = _columns(one, kind, layout)
        if not table.images or _is_understood(one, kind, layout, names, columns):
            return names, columns
    raise AssertionError('lists are always understood')


def _columns(
    table: LabelTable, kind: Kind, layout: Dict[str, Any]
) -> Tuple[List[str], List[pa.Array]]:
    if kind == 'noisy':
        values = pa.array(table.value)
    else:
        values = pa.array((table.value > 0).astype(np.int64))
    image = pa.array(table.images, pa.string())
    columns = dict(image=image)
    if table.groups is not None:
        columns['group'] = pa.array(table.groups, pa.string())
    columns.update({ROLE + name: column for name, column in table.columns.items()})
    classes = pa.array(table.classes, pa.string())
    further: List[pa.Array] = []
    if layout['shape'] == 'long':
        row, place = shapes.rows_of_labels(table)
        columns = {role: cells.take(pa.array(row)) for role, cells in columns.items()}
        label = classes.take(pa.array(table.label))
        which = pa.array(place, mask=place < 0)
        columns.update(label=label.take(which), score=values.take(which))
    elif layout['shape'] == 'list':
        order, offset = shapes.by_image(table)
        offsets = pa.array(offset, pa.int32())
        label = classes.take(pa.array(table.label[order]))
        values = values.take(pa.array(order))
        columns.update(_lists(offsets, label, values, layout))
    else:
        further = _wide(table, kind, values)
    names = [layout[f'{role}_column'] for role in layout['order']]
    names += table.classes * bool(further)
    return names, [*(columns[role] for role in layout['order']), *further]


def _lists(
    offsets: pa.Array, label: pa.Array, values: pa.Array, layout: Dict[str, Any]
) -> Dict[str, pa.Array]:
    form = layout['list_sep']
    if form == DICT:
        return dict(label=pa.MapArray.from_arrays(offsets, label, values))
    lists = {
        role: pa.ListArray.from_arrays(offsets, parts)
        for role, parts in (('label', label), ('score', values))
    }
    if form == ARRAY:
        return lists
    texts = lists['score'].cast(pa.list_(pa.string()))
    return {
        'label': pa.array([compose(p, form) for p in lists['label'].to_pylist()], pa.string()),
        'score': pa.array([compose(p, form, True) for p in texts.to_pylist()], pa.string()),
    }


def _wide(table: LabelTable, kind: Kind, values: pa.Array) -> List[pa.Array]:
    none = 0 if kind == 'noisy' else None
    order = np.argsort(table.label, kind='stable')
    ends = np.cumsum(np.bincount(table.label, minlength=len(table.classes)))
    columns = []
    for places in np.split(order, ends[:-1]):
        where = np.full(len(table.images), -1)
        where[table.image[places]] = places
        column = values.take(pa.array(where, mask=where < 0))
        columns.append(column if none is None else column.fill_null(pa.scalar(0, values.type)))
    return columns


def _is_understood(
    table: LabelTable,
    kind: Kind,
    layout: Dict[str, Any],
    names: List[str],
    columns: List[pa.Array],
) -> bool:
    typed = layout['shape'] == 'list' and layout['list_sep'] in (ARRAY, DICT)
    if len({*names}) < len(names) or not (typed or shapes.holds_cells(table, layout)):
        return False
    if layout['shape'] == 'wide' and kind == 'noisy' and (table.value == 0).any():
        return False
    group: Optional[str] = None
    if 'group' in layout['order']:
        group = layout['group_column']
    cells = [column[:1000].to_pylist() for column in columns]
    try:
        roles = find_roles(
            names, cells, kind, Options(**{**layout['given'], 'group_column': group}), ''
        )
    except InputError:
        return False
    place = {role: k for k, role in enumerate(layout['order'])}
    meant = tuple(place.get(role) for role in ('image', 'label', 'score'))
    classes = tuple(range(len(place), len(names)))
    return (*meant, classes) == (roles.image, roles.label, roles.score, roles.classes)
