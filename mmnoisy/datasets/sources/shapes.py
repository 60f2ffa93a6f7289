"""From labels to the columns of a table in one of its shapes (pure, on pyarrow)."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

import numpy as np
import pyarrow as pa

from mmnoisy.datasets.sources.base import Kind, LabelTable
from mmnoisy.datasets.sources.cell_values import shortest
from mmnoisy.datasets.sources.column_names import is_plural
from mmnoisy.datasets.sources.further_columns import ROLE
from mmnoisy.datasets.sources.list_cells import ONE, compose, find_form, parse
from mmnoisy.errors import InputError

DICT = 'dict'
"""The form of cells that map labels to numbers."""

_DEFAULTS: Dict[str, Any] = {
    **dict(shape='long', list_sep='one', image_column='image', score_column=None),
    **dict(given={}, group_column=None, none='0', decimal='.', words=['1', '0']),
}


def plan(table: LabelTable, kind: Kind, forms: Mapping[str, str], **changes: Any) -> Dict[str, Any]:
    """The layout to write in: that of the table, with what it lacks.

    Args:
        table: of labels.
        kind: of them.
        forms: of cells with several labels, in place of those that the format does not have.
        **changes: of the layout.

    Raises:
        InputError: an image or a class has no name.
    """
    require_names(table)
    given = {k: v for k, v in table.layout.items() if v is not None}
    layout = {**_DEFAULTS, **given, **changes}
    if layout['shape'] not in ('long', 'list', 'wide'):
        layout['shape'] = 'long'
    several = layout['shape'] == 'list'
    if several:
        layout['list_sep'] = forms.get(layout['list_sep'], layout['list_sep'])
    layout.setdefault('label_column', 'labels' if several else 'label')
    scored = layout['shape'] != 'wide' and not (several and layout['list_sep'] == DICT)
    if scored and not layout['score_column'] and (table.value != 1).any():
        name = ('score' if kind == 'noisy' else 'verdict') + 's' * several
        layout['score_column'] = name
    roles = ['image', 'label', 'score', 'group']
    roles += [ROLE + name for name in table.columns]
    layout.update({f'{ROLE}{name}_column': name for name in table.columns})
    order = [*layout.get('order', []), *roles]
    has_group = table.groups is not None and layout['group_column']
    wanted = {
        'image': True,
        'label': layout['shape'] != 'wide',
        'score': scored and layout['score_column'],
        'group': has_group,
        **{ROLE + name: True for name in table.columns},
    }
    layout['order'] = [role for role in dict.fromkeys(order) if wanted.get(role)]
    return layout


def in_lists(table: LabelTable, kind: Kind, form: str) -> Dict[str, Any]:
    """The changes of a layout to lists under plain names, which hold whatever there is."""
    scores = 'scores' if kind == 'noisy' else 'verdicts'
    changes: Dict[str, Any] = dict(shape='list', list_sep=form, given={})
    changes.update(image_column='image', label_column='labels')
    if table.groups is not None:
        changes['group_column'] = 'group'
    scored = bool(table.layout.get('score_column')) or bool((table.value != 1).any())
    return {**changes, 'score_column': scores if scored else None}


def require_names(table: LabelTable) -> None:
    """Sees that each image and class has a name.

    Raises:
        InputError: one has not.
    """
    for what, names in (('an image', table.images), ('a class', table.classes)):
        if '' in names:
            raise InputError(f'{what} has the empty text as its name; give it another one')


def value_texts(table: LabelTable, kind: Kind, layout: Dict[str, Any]) -> pa.Array:
    """(R,) confidences as decimals, or verdicts in words."""
    if kind == 'verified':
        words = pa.array(layout['words'][::-1])
        return words.take(pa.array((table.value > 0).astype(np.int64)))
    return shortest(table.value)


def rows_of_labels(table: LabelTable) -> Tuple[np.ndarray, np.ndarray]:
    """A row for each label and for each image without one, by image.

    Returns:
        The image of each row, and the place of its label, -1 where there is none.
    """
    alone = np.flatnonzero(np.bincount(table.image, minlength=len(table.images)) == 0)
    image = np.concatenate([table.image, alone])
    place = np.concatenate([np.arange(len(table.image)), np.full(len(alone), -1)])
    order = np.argsort(image, kind='stable')
    return image[order], place[order]


def by_image(table: LabelTable) -> Tuple[np.ndarray, np.ndarray]:
    """The labels in the order of images, and (I + 1,) where those of each image begin."""
    order = np.argsort(table.image, kind='stable')
    count = np.bincount(table.image, minlength=len(table.images))
    return order, np.concatenate([[0], np.cumsum(count)])


def holds_cells(table: LabelTable, layout: Dict[str, Any]) -> bool:
    """Whether cells of texts that hold one label or several are understood as they are meant."""
    if layout['shape'] == 'wide':
        return True
    plural = is_plural(layout['label_column'])
    given = 'list_sep' in layout['given']
    try:
        if layout['shape'] == 'long':
            if given or 'score' in layout['order']:
                return True
            used = [table.classes[k] for k in np.flatnonzero(np.bincount(table.label))]
            rows = len(rows_of_labels(table)[0])
            return find_form(used, '', plural, rows, len(table.images)) == ONE
        form = layout['list_sep']
        order, offset = by_image(table)
        label = table.label[order]
        cells = {
            tuple(table.classes[k] for k in label[a:b]) for a, b in zip(offset[:-1], offset[1:])
        }
        texts = {names: compose(names, form) for names in cells}
        if any(text and parse(text, form) != list(names) for names, text in texts.items()):
            return False
        filled = [text for text in texts.values() if text]
        number = len(table.images)
        found = form if given else find_form(filled, '', plural, number, number)
        return found == form or (found == ONE and all(len(names) < 2 for names in cells))
    except InputError:
        return False


def class_rows(
    table: LabelTable, texts: pa.Array, none: str, start: int, stop: int
) -> List[List[str]]:
    """Of the images from ``start`` to ``stop`` what stands in the column of each class."""
    cells = np.full((stop - start, len(table.classes)), none, object)
    which = np.flatnonzero((table.image >= start) & (table.image < stop))
    values = texts.take(pa.array(which)).to_pylist()
    cells[table.image[which] - start, table.label[which]] = values
    return cells.tolist()
