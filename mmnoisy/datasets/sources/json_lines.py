"""JSON Lines, and lists of the same objects: one for each label or for each image."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import pyarrow as pa

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.cell_values import flat
from mmnoisy.datasets.sources.documents import ends_of_json, json_list, load_json
from mmnoisy.datasets.sources.list_cells import text_of
from mmnoisy.datasets.sources.opening import not_utf8, open_file, read_head
from mmnoisy.datasets.sources.roles import find_roles
from mmnoisy.datasets.sources.shapes import DICT
from mmnoisy.datasets.sources.tables import labels_of
from mmnoisy.datasets.sources.typed_columns import items_of, keys_of, typed_columns
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write

NO_OBJECT = 'no JSON object'
_SAMPLE = 1000
_BLOCK = 2**16
_LIST = re.compile(r'(?s)\[\s*(\{.*)')
_HALF = re.compile('[\ud800-\udfff]')
_EXAMPLE = '{"image": "a.jpg", "label": "cat"}'


@register
class JsonLinesSource(Source):
    """An object a line: an image and a label, labels in a list, or in an object with scores."""

    name = 'jsonl'
    title = 'JSON Lines'
    endings = ('.jsonl', '.json')

    @classmethod
    def recognises(cls, path: str) -> bool:
        """By a first object of texts, numbers and lists of these."""
        try:
            listed = _in_list(path)
            text = listed or read_head(path)[0].lstrip().split('\n', 1)[0]
            row, end = json.JSONDecoder().raw_decode(text)
            if not listed and text[end:].strip():
                return False
        except (InputError, ValueError, RecursionError):
            return False
        return (
            isinstance(row, dict)
            and any(isinstance(value, str) for value in row.values())
            and all(map(_is_cell, row.values()))
        )

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads a file; see the base class."""
        account = Account()
        names, columns = _columns(path, account)
        roles = find_roles(names, [column[:_SAMPLE] for column in columns], kind, options, path)
        used = {k: columns[k] for k in roles.used}
        used[roles.image] = [_path(cell) for cell in used[roles.image]]
        label, score = roles.label, len(names)
        objects = label is not None and any(isinstance(cell, dict) for cell in used[label])
        if label is not None and objects:
            pairs = [cell if isinstance(cell, dict) else {} for cell in used[label]]
            roles = replace(roles, score=score)
            names = [*names, names[label]]
            used[label] = [list(cell) for cell in pairs]
            used[score] = [list(cell.values()) for cell in pairs]
        arrays = {k: flat(_array(column, k != roles.score)) for k, column in used.items()}
        if kind == 'noisy':
            arrays.update(_further(columns, used))
        layout: Dict[str, Any] = dict(
            format=self.name, **({'array': True} if _in_list(path) else {})
        )
        table = labels_of(names, arrays, roles, layout, kind, options, account, path)
        if objects:
            layout.update(list_sep=DICT, score_column=None, order=['image', 'label'])
        return table

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes a file in the shape of the layout; see the base class."""
        names, columns = typed_columns(table, kind)
        rows = (
            dict(zip(names, row))
            for start in range(0, len(columns[0]), _BLOCK)
            for row in zip(*(_plain(column[start : start + _BLOCK]) for column in columns))
        )
        in_list = table.layout.get('array') and not path.endswith('.jsonl')
        with atomic_write(Path(path)) as file:
            if in_list:
                file.writelines(json_list('[', rows, ']'))
            else:
                file.writelines(json.dumps(row, ensure_ascii=False) + '\n' for row in rows)


def _in_list(path: str) -> str:
    """The beginning of a file that is a list of objects, from the first of them on, or ''."""
    found = _LIST.match(ends_of_json(path))
    return found[1] if found else ''


def _plain(column: pa.Array) -> List[Any]:
    """Cells as Python has them; float32 as the shortest decimals."""
    kind = column.type
    if pa.types.is_float32(kind):
        return column.cast(pa.string()).cast(pa.float64()).to_pylist()
    if pa.types.is_map(kind):
        return [dict(zip(*pair)) for pair in zip(_plain(keys_of(column)), _plain(items_of(column)))]
    if pa.types.is_list(kind) and pa.types.is_float32(kind.value_type):
        text = pa.list_(pa.string())
        return column.cast(text).cast(pa.list_(pa.float64())).to_pylist()
    return column.to_pylist()


def _is_cell(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(score, (int, float)) for score in value.values())
    parts = value if isinstance(value, list) else [value]
    return not any(isinstance(part, (list, dict)) for part in parts)


def _columns(path: str, account: Account) -> Tuple[List[str], List[List[Any]]]:
    """The objects of a file as columns; None where one lacks a key."""
    columns: Dict[str, List[Any]] = {}
    for number, row in enumerate(_objects(path, account)):
        for name, value in row.items():
            columns.setdefault(name, [None] * number).append(value)
        if len(row) < len(columns):
            for column in columns.values():
                if len(column) <= number:
                    column.append(None)
    for name in filter(_HALF.search, columns):
        raise InputError(f'{path}: the key {name!r} has half a character; mend it')
    if not columns:
        raise InputError(f'{path}: has no line such as {_EXAMPLE}; give one for each image')
    return list(columns), list(columns.values())


def _objects(path: str, account: Account) -> Iterator[Dict[str, Any]]:
    """The objects of a file, a line each or in a list; what is none is counted."""
    if _in_list(path):
        for row in load_json(path):
            if isinstance(row, dict):
                yield row
            else:
                account.drop(NO_OBJECT, 1, repr(row)[:200])
        return
    read_head(path)
    with open_file(path) as file:
        for line in filter(bytes.strip, file):
            found = _row(line, path)
            if found is None:
                account.drop(NO_OBJECT, 1, repr(line[:200].decode('utf-8', 'replace').strip()))
            else:
                yield found


def _row(line: bytes, path: str) -> Optional[Dict[str, Any]]:
    try:
        row = json.loads(line)
    except UnicodeDecodeError as error:
        raise not_utf8(path) from error
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _array(cells: Sequence[Any], texts: bool) -> pa.Array:
    """A column of texts, numbers or lists of them."""
    if any(isinstance(cell, list) for cell in cells):
        lists = [cell if isinstance(cell, list) else _listed(cell) for cell in cells]
        if texts or not all(_is_number(part) for cell in lists for part in cell):
            return pa.array([list(map(_text, cell)) for cell in lists], pa.list_(pa.string()))
        return pa.array(lists, pa.list_(pa.float64()))
    if texts or not all(map(_is_number, cells)):
        return pa.array(map(_text, cells), pa.string())
    return pa.array(cells, pa.float64())


def _further(columns: Sequence[List[Any]], used: Mapping[int, Any]) -> Dict[int, pa.Array]:
    """The other columns, as far as their cells are of one type."""
    found = {}
    for k, column in enumerate(columns):
        if k not in used:
            with suppress(pa.ArrowException, OverflowError, UnicodeEncodeError):
                found[k] = pa.array(column)
    return found


def _listed(cell: Any) -> List[Any]:
    return [] if cell is None else [cell]


def _text(value: Any) -> Optional[str]:
    if value is None or isinstance(value, (list, dict)):
        return None
    text = text_of(value)
    # Half a character, as a text that was cut has it, is in no other file: "\ud83d".
    return None if _HALF.search(text) else text


def _path(cell: Any) -> Any:
    return cell.get('path') if isinstance(cell, dict) else cell


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
