"""The tables of a Hugging Face data set: where they are, their rows, and the names of classes."""

from __future__ import annotations

import json
import posixpath
from typing import Any, Dict, List, Optional, Tuple

import pyarrow as pa
from pyarrow import parquet

from mmnoisy.class_names import distinct_names
from mmnoisy.datasets.sources.documents import read_csv
from mmnoisy.datasets.sources.opening import open_parquet
from mmnoisy.datasets.sources.storage import (
    files_below,
    is_folder,
    join,
    open_file,
    read_bytes,
    read_ends,
)
from mmnoisy.errors import InputError

METADATA = ('metadata.jsonl', 'metadata.csv', 'metadata.parquet')
FILE = 'file_name'
"""The column of a table of metadata that names its pictures."""

Names = Dict[str, List[str]]
Rows = List[Dict[str, Any]]


def find_tables(path: str) -> List[Tuple[str, str]]:
    """The tables of a data set, each with the folder that its file names begin at."""
    if not is_folder(path):
        if posixpath.basename(path.replace('\\', '/')) in METADATA or _has_pictures(path):
            return [('', path)]
        return []
    files = files_below(path)
    metadata = [name for name in files if posixpath.basename(name) in METADATA]
    if metadata:
        return [(posixpath.dirname(name), join(path, name)) for name in metadata]
    shards = (join(path, name) for name in files if name.endswith('.parquet'))
    return [('', shard) for shard in shards if _has_pictures(shard)]


def names_pictures(table: str) -> bool:
    """Whether a table of a data set says of which pictures it is."""
    if not table.endswith('.parquet'):
        return FILE.encode() in read_ends(table)
    return _has_pictures(table) or FILE in _schema(table).names


def _has_pictures(path: str) -> bool:
    """Whether it is Parquet with a column of pictures."""
    return path.endswith('.parquet') and bool(_pictures(_schema(path)))


def _schema(path: str) -> pa.Schema:
    with open_file(path) as file:
        return parquet.read_schema(file)


def _pictures(schema: pa.Schema) -> List[str]:
    return [
        field.name
        for field in schema
        if pa.types.is_struct(field.type) and {one.name for one in field.type} == {'bytes', 'path'}
    ]


def read_rows(path: str, sep: Optional[str]) -> Tuple[Names, Rows]:
    """Reads a table.

    Args:
        path: of it.
        sep: between the columns of CSV, None for a comma.

    Returns:
        For each column of class numbers the names of the classes, and the rows.

    Raises:
        InputError: it cannot be read or is damaged.
    """
    if path.endswith('.parquet'):
        return _parquet_rows(path)
    if path.endswith('.csv'):
        return {}, read_csv(path, sep or ',')
    rows = []
    for number, line in enumerate(read_bytes(path).split(b'\n'), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise InputError(f'{path}: line {number} is no JSON ({error}); mend it') from error
    return {}, rows


def _parquet_rows(path: str) -> Tuple[Names, Rows]:
    with open_parquet(path) as table:
        schema = table.schema_arrow
        pictures = _pictures(schema)
        # The bytes of pictures are the most of a shard, and not needed.
        columns = [f'{name}.path' if name in pictures else name for name in schema.names]
        rows = table.read(columns=columns).to_pylist()
    for row in rows:
        row.update({name: (row[name] or {}).get('path') for name in pictures})
    said = json.loads((schema.metadata or {}).get(b'huggingface', b'{}'))
    features = (said.get('info') or {}).get('features') or {}
    return {name: _class_names(feature) for name, feature in features.items()}, rows


def _class_names(feature: Any) -> List[str]:
    """The names in the description of a column of class numbers, or of lists of them."""
    if isinstance(feature, list):  # a list of one description, as older versions write it
        return _class_names(feature[0]) if feature else []
    if not isinstance(feature, dict):
        return []
    if feature.get('_type') == 'ClassLabel':
        names = [*map(str, feature['names'])]
        return distinct_names([*map(str, range(len(names)))], names)
    return _class_names(feature.get('feature'))
