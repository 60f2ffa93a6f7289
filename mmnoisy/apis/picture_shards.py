"""Pictures by shards: folders cut into spans, Parquet files and tar files one by one."""

from __future__ import annotations

import os
import posixpath
import tarfile
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import pyarrow as pa

from mmnoisy.apis.pictures import LeftOut, Picture, find_pictures, require_file
from mmnoisy.datasets.sources.opening import open_file, open_parquet
from mmnoisy.datasets.sources.storage import files_below, is_folder, is_picture, join
from mmnoisy.errors import InputError
from mmnoisy.io.shards import numbered, spans

KINDS = ('.parquet', '.tar')
NAMES = ('path', 'file_name', 'image_id', 'id', '__key__')

_ROWS = 64  # of a Parquet file in memory at once


class PictureShard(NamedTuple):
    """Some of the pictures that are given.

    Attributes:
        name: of the shard of labels that is made of it.
        size: number of pictures; of a video 1.
        files: their paths, or that of one video.
        table: a file of :data:`KINDS` that holds them.
    """

    name: str
    size: int
    files: List[str] = []
    table: Optional[str] = None

    def pictures(self, every: int = 1) -> Iterator[Picture]:
        """The pictures, one after the other, not decoded yet.

        Args:
            every: of the frames of a video take the first of every so many.

        Raises:
            InputError: a file cannot be read.
        """
        if self.table is None:
            yield from find_pictures(self.files, every)
        else:
            yield from (_in_parquet if self.table.endswith('.parquet') else _in_tar)(self.table)


def picture_shards(inputs: str, size: int, left_out: List[LeftOut]) -> List[PictureShard]:
    """All pictures that an input stands for, in an order that depends on their names alone.

    Args:
        inputs: a picture, a video, a folder of pictures; a Parquet or a tar file (WebDataset) or a
            folder of these, local or at an address that fsspec opens.
        size: of a shard of a folder of pictures.
        left_out: collects what is in folders and is no picture.

    Raises:
        InputError: there is no such file, or a folder has no picture.
    """
    tables = _tables(inputs)
    if tables:
        names = _names([*tables], inputs)
        return [PictureShard(name, _size(one), table=one) for name, one in zip(names, tables)]
    if not os.path.isdir(inputs):
        require_file(inputs)
        return [PictureShard('000000', 1, [inputs])]
    files = [picture.name for picture in find_pictures(inputs, left_out=left_out)]
    rows = spans(len(files), size)
    return [
        PictureShard(name, len(files[span]), files[span])
        for name, span in zip(numbered(len(rows)), rows)
    ]


def _tables(inputs: str) -> List[str]:
    """The Parquet or tar files, if an input is of these."""
    if inputs.endswith(KINDS):
        return [inputs]
    if not is_folder(inputs):
        return []
    files = [name for name in files_below(inputs) if name.endswith(KINDS)]
    return [join(inputs, name) for name in files]


def _names(tables: List[str], inputs: str) -> List[str]:
    """Names of the shards of labels: those of the files, below the folder."""
    if tables == [inputs]:
        return [posixpath.splitext(posixpath.basename(inputs.replace(os.sep, '/')))[0]]
    below = (one[len(inputs.rstrip('/')) + 1 :].replace(os.sep, '/') for one in tables)
    return [posixpath.splitext(name)[0].replace('/', '-') for name in below]


def _size(path: str) -> int:
    if path.endswith('.parquet'):
        with open_parquet(path) as file:
            return file.metadata.num_rows
    with _tar(path) as tar:
        return sum(is_picture(member.name) for member in tar)


def _in_parquet(path: str) -> Iterator[Picture]:
    with open_parquet(path) as file:
        column, name = _columns(file.schema_arrow, path)
        wanted = [one for one in (column, name) if one is not None]
        number = 0
        for batch in file.iter_batches(_ROWS, columns=wanted):
            for row in batch.to_pylist():
                yield _picture(row, column, name, f'{path}#{number}', path)
                number += 1


def _picture(
    row: Dict[str, Any], column: str, name: Optional[str], default: str, path: str
) -> Picture:
    cell = row[column]
    if isinstance(cell, dict):  # as Hugging Face writes pictures
        told, data = cell.get('path') or default, cell.get('bytes')
    else:
        told, data = default, cell
    told = str(row[name]) if name is not None and row[name] is not None else told
    if isinstance(data, str):
        return Picture(data if os.path.isabs(data) else join(posixpath.dirname(path), data))
    return Picture(told, data or b'')


def _columns(schema: pa.Schema, path: str) -> Tuple[str, Optional[str]]:
    """The column of the pictures, as bytes or as paths, and that of their names."""
    name = next((one for one in NAMES if one in schema.names), None)
    for field in schema:
        kind = field.type
        if pa.types.is_struct(kind) and {'bytes', 'path'} == {one.name for one in kind}:
            return field.name, name
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return field.name, name
    for one in NAMES[:2]:
        if one in schema.names:
            return one, None
    raise InputError(
        f'{path}: has no pictures in its columns {", ".join(schema.names)}; give a column of their '
        'bytes, or one named path'
    )


def _in_tar(path: str) -> Iterator[Picture]:
    with _tar(path) as tar:
        for member in tar:
            if member.isfile() and is_picture(member.name):
                file = tar.extractfile(member)
                assert file is not None
                yield Picture(member.name, file.read())


@contextmanager
def _tar(path: str) -> Iterator[tarfile.TarFile]:
    with open_file(path) as file:
        try:
            with tarfile.open(fileobj=file) as tar:
                yield tar
        except tarfile.TarError as error:
            raise InputError(f'{path}: is no whole tar file ({error}); write it anew') from error
