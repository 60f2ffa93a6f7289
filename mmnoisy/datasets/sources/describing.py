"""How a source was understood, in a few words."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from mmnoisy.datasets.sources.base import SOURCES
from mmnoisy.datasets.sources.list_cells import JSON, ONE, PYTHON
from mmnoisy.datasets.sources.list_columns import ARRAY
from mmnoisy.datasets.sources.shapes import DICT

_MARKS = {'\t': 'tab', ' ': 'space'}
_FORMS = {
    ARRAY: 'in lists',
    DICT: 'in maps to scores',
    JSON: 'in JSON lists',
    PYTHON: "in Python's lists",
    ONE: '',
}


def describe(layout: Mapping[str, Any]) -> str:
    """A layout in a few words.

    Args:
        layout: of a :class:`~mmnoisy.datasets.sources.base.LabelTable`.

    Example:
        >>> describe(dict(format='csv', sep=';', header=True, shape='list', list_sep='|',
        ...     image_column='path', label_column='tags'))
        "CSV, ';' between columns, image in 'path', labels in 'tags' separated by '|'"
    """
    name = layout['format']
    parts = [SOURCES[name].title if name in SOURCES else name]
    if layout.get('array'):
        parts.append('in one list')
    if 'sep' in layout:
        parts.append(f'{_mark(layout["sep"])} between columns')
    if not layout.get('header', True):
        parts.append('no header')
    several = layout.get('shape') == 'list'
    for role, what in (('image', 'image'), ('label', 'label' + 's' * several)):
        if layout.get(f'{role}_column'):
            parts.append(f'{what} in {_column(layout, role)}')
    if several and layout.get('label_column'):
        form = layout['list_sep']
        parts[-1] += f' {_FORMS.get(form) or "separated by " + _mark(form)}'
    if layout.get('shape') == 'wide':
        parts.append('a column a class')
    value = 'verdict' if 'words' in layout else 'score'
    for role, what in (('score', value + 's' * several), ('group', 'group')):
        if layout.get(f'{role}_column'):
            parts.append(f'{what} in {_column(layout, role)}')
    return ', '.join([*parts, *_further(layout)])


def _further(layout: Mapping[str, Any]) -> Iterator[str]:
    if layout.get('classes_file'):
        yield f'names of classes in {layout["classes_file"]}'
    ignored = layout.get('ignored')
    if ignored:
        shown = ', '.join(map(repr, ignored[:5])) + ', ...' * (len(ignored) > 5)
        yield f'not used: {shown}'


def _mark(sep: str) -> str:
    return repr(_MARKS.get(sep, sep))


def _column(layout: Mapping[str, Any], role: str) -> str:
    name = layout[f'{role}_column']
    return repr(name) if layout.get('header', True) else f'column {name}'
