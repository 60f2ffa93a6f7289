"""Writes labels as CSV, so that they are understood as they are meant."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmnoisy.datasets.sources import shapes
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options
from mmnoisy.datasets.sources.csv_rows import sniff
from mmnoisy.datasets.sources.further_columns import ROLE
from mmnoisy.datasets.sources.list_cells import JSON, ONE, compose
from mmnoisy.datasets.sources.list_columns import ARRAY
from mmnoisy.datasets.sources.opening import HEAD
from mmnoisy.datasets.sources.roles import find_roles
from mmnoisy.datasets.sources.shapes import DICT
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_path

_BLOCK = 2**16
# Of mmnoisy.io.spreadsheet, for all cells at once.
_FORMULA = r"^'*[=+\-@\t\r\n]"


def write_table(table: LabelTable, path: str, kind: Kind) -> None:
    """Writes a CSV file in the shape of the layout.

    Args:
        table: the labels.
        path: of the file; packed where it ends in ``.gz``.
        kind: of the labels.

    Raises:
        InputError: it cannot be written so that it is understood again.
    """
    between = '\t' if '.tsv' in Path(path).suffixes else ','
    simple = dict(sep=between, header=True, padded=False, decimal='.', words=['1', '0'])
    lists = {**simple, **shapes.in_lists(table, kind, JSON)}
    bare = replace(table, columns={})
    for one, changes in ((table, {}), (table, {'padded': False}), (table, lists), (bare, lists)):
        layout = shapes.plan(one, kind, {ARRAY: JSON, DICT: JSON, ONE: JSON}, **changes)
        text = _Text(one, kind, {**simple, **layout})
        if not table.images or text.is_understood():
            break
    else:
        raise InputError(
            f'{path}: these names of images and classes would be misread in a CSV file; write '
            'it with --format jsonl'
        )
    with atomic_path(Path(path)) as part:
        opened: Callable = gzip.open if path.endswith('.gz') else open
        with opened(part, 'wt', encoding='utf-8', newline='') as file:
            for lines in text.blocks():
                file.write(lines)


def as_text(cells: pa.Array) -> pa.Array:
    """Texts none of which is a formula."""
    formula = pc.match_substring_regex(cells, _FORMULA)
    marked = pc.binary_join_element_wise(pa.scalar("'"), cells, pa.scalar(''))
    return pc.if_else(formula, marked, cells)


def quoted(cells: pa.Array, sep: str) -> pa.Array:
    """Texts as cells, in quotes where they need them."""
    needed = pc.match_substring_regex(cells, rf'["\r\n{re.escape(sep)}\x{{feff}}]|^\s|\s$')
    doubled = pc.replace_substring(cells, '"', '""')
    mark = pa.scalar('"')
    return pc.if_else(
        needed, pc.binary_join_element_wise(mark, doubled, mark, pa.scalar('')), cells
    )


class _Text:
    """The text of a CSV file."""

    def __init__(self, table: LabelTable, kind: Kind, layout: Dict[str, Any]) -> None:
        self.table, self.kind, self.layout = table, kind, layout
        self.between = layout['sep'] + ' ' * layout['padded']
        self.values = shapes.value_texts(table, kind, layout)
        if layout['decimal'] == ',' and layout['shape'] != 'list':
            self.values = pc.replace_substring(self.values, '.', ',')

    def quoted(self, cells: List[str]) -> List[str]:
        return quoted(as_text(pa.array(cells, pa.string())), self.layout['sep']).to_pylist()

    def names(self) -> List[str]:
        named = [self.layout[f'{role}_column'] for role in self.layout['order']]
        return named + self.table.classes * (self.layout['shape'] == 'wide')

    def blocks(self) -> Iterator[str]:
        """The text in pieces of many lines."""
        if self.layout['header']:
            yield self.between.join(self.quoted(self.names())) + '\n'
        rows = dict(long=self._long, list=self._list, wide=self._wide)[self.layout['shape']]
        yield from rows()

    def _columns(self, columns: Dict[str, pa.Array], *further: pa.Array) -> str:
        parts = [columns[role] for role in self.layout['order']]
        lines = pc.binary_join_element_wise(*parts, *further, pa.scalar(self.between))
        return '\n'.join([*lines.to_pylist(), ''])

    def _per_image(self) -> Dict[str, List[str]]:
        cells = dict(image=self.quoted(self.table.images))
        if self.table.groups is not None:
            cells['group'] = self.quoted(self.table.groups)
        for name, column in self.table.columns.items():
            texts = column.cast(pa.string()).fill_null('')
            cells[ROLE + name] = quoted(as_text(texts), self.layout['sep']).to_pylist()
        return cells

    def _long(self) -> Iterator[str]:
        image, place = shapes.rows_of_labels(self.table)
        per_image = {
            role: pa.array([*cells, ''], pa.string()) for role, cells in self._per_image().items()
        }
        classes = pa.array([*self.quoted(self.table.classes), ''], pa.string())
        values = quoted(pa.concat_arrays([self.values, pa.array([''])]), self.layout['sep'])
        label = np.append(self.table.label, len(self.table.classes))[place]
        for start in range(0, len(image), _BLOCK):
            part = slice(start, start + _BLOCK)
            rows = pa.array(image[part])
            columns = {role: cells.take(rows) for role, cells in per_image.items()}
            columns['label'] = classes.take(pa.array(label[part]))
            columns['score'] = values.take(pa.array(place[part] % len(values)))
            yield self._columns(columns)

    def _list(self) -> Iterator[str]:
        order, offset = shapes.by_image(self.table)
        per_image, form = self._per_image(), self.layout['list_sep']
        classes, values = self.table.classes, self.values.to_pylist()
        for start in range(0, len(offset) - 1, _BLOCK):
            stop = min(start + _BLOCK, len(offset) - 1)
            places = [order[offset[k] : offset[k + 1]].tolist() for k in range(start, stop)]
            labels = [[classes[self.table.label[k]] for k in found] for found in places]
            scores = [[values[k] for k in found] for found in places]
            columns = {role: pa.array(c[start:stop]) for role, c in per_image.items()}
            for role, cells in (('label', labels), ('score', scores)):
                texts = [compose(cell, form, role == 'score') for cell in cells]
                columns[role] = pa.array(self.quoted(texts), pa.string())
            yield self._columns(columns)

    def _wide(self) -> Iterator[str]:
        per_image = self._per_image()
        none = '' if self.kind == 'verified' else self.layout['none']
        values = quoted(self.values, self.layout['sep'])
        step = max(1, 2**20 // max(1, len(self.table.classes)))
        for start in range(0, len(self.table.images), step):
            stop = min(start + step, len(self.table.images))
            rows = shapes.class_rows(self.table, values, none, start, stop)
            columns = {role: pa.array(c[start:stop]) for role, c in per_image.items()}
            yield self._columns(columns, pa.array([self.between.join(row) for row in rows]))

    def is_understood(self) -> bool:
        """Whether the text is read as it is meant."""
        layout = self.layout
        if layout['shape'] == 'wide' and self.kind == 'noisy' and (self.table.value == 0).any():
            return False  # 0 is no label there
        spaced = [*self.table.images, *self.table.classes, *(self.table.groups or ())]
        if not shapes.holds_cells(self.table, layout):
            return False
        if layout['padded'] and any(name.startswith(' ') for name in spaced):
            return False
        head = ''
        for lines in self.blocks():
            head += lines
            if len(head) > HEAD:
                break
        whole = len(head.encode()) < HEAD
        head = head.encode()[:HEAD].decode(errors='ignore')
        try:
            options = Options(**{**layout['given'], 'group_column': self._group()})
            dialect, cells = sniff(head, whole, options, '')
            roles = find_roles(
                dialect.names if dialect.header else None, cells, self.kind, options, ''
            )
        except InputError:
            return False
        found = (dialect.sep, dialect.header, dialect.padded)
        if found != (layout['sep'], layout['header'], layout['padded']):
            return False
        names = self.names()
        if not layout['header']:
            names = [str(k) for k in range(1, len(names) + 1)]
        elif list(dialect.names) != names:
            return False
        place = {role: k for k, role in enumerate(layout['order'])}
        classes = tuple(range(len(place), len(names)))
        meant = (place['image'], place.get('label'), place.get('score'), classes)
        return meant == (roles.image, roles.label, roles.score, roles.classes)

    def _group(self) -> Optional[str]:
        if 'group' not in self.layout['order']:
            return None
        if self.layout['header']:
            return self.layout['group_column']
        return str(self.layout['order'].index('group') + 1)
