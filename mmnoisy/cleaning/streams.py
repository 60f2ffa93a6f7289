"""Files that grow piece by piece: arrays of unknown length, CSV rows (pure NumPy)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, BinaryIO, Iterable, List, Sequence

import numpy as np

_HEADER_BYTES = 128
_BLOCK = 2**20  # elements at once
_NEEDS_QUOTES = re.compile('[,"\r\n]|^[ \t]|[ \t]$')


class NpyStream:
    """A ``.npy`` file whose length is known only at its end.

    Not a mapped file: where the disk is full, writing raises ``OSError``.

    Args:
        path: of the file.
        dtype: of the array.
        width: of its rows, where it has two dimensions.
    """

    def __init__(self, path: Path, dtype: np.dtype | type, width: int | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self.length = 0
        self.row_shape = () if width is None else (width,)
        self.file: BinaryIO = open(path, 'wb')  # noqa: SIM115
        self.file.write(bytes(_HEADER_BYTES))

    def append(self, values: np.ndarray) -> None:
        """Adds values (n,) or rows (n, width), of the type of the file or one that fits into it."""
        self.file.write(np.ascontiguousarray(values, self.dtype).data)
        self.length += len(values)

    def close(self) -> None:
        """Completes the file."""
        self.file.seek(0)
        description = np.lib.format.dtype_to_descr(self.dtype)
        shape = (self.length, *self.row_shape)
        header = dict(descr=description, fortran_order=False, shape=shape)
        np.lib.format.write_array_header_1_0(self.file, header)
        assert self.file.tell() == _HEADER_BYTES
        _close(self.file)


def save_by_blocks(path: Path, array: Any) -> None:
    """Writes an array as a ``.npy`` file, some of its elements in memory at a time."""
    stream = NpyStream(path, array.dtype)
    for first in range(0, len(array), _BLOCK):
        stream.append(array[first : first + _BLOCK])
    stream.close()


class CsvStream:
    """A CSV file of columns whose texts need no quotes, or have them, see :func:`quoted`."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.file: BinaryIO = open(path, 'wb')  # noqa: SIM115
        self.file.write((','.join(header) + '\n').encode())

    def append(self, columns: Sequence[Iterable[str]]) -> None:
        """Adds rows, given column by column."""
        rows = '\n'.join(map(','.join, zip(*columns)))
        self.file.write((rows + '\n' if rows else '').encode())

    def close(self) -> None:
        """Completes the file."""
        _close(self.file)


def number_texts(values: np.ndarray) -> List[str]:
    """The shortest text of each float32 that gives the same float32 again; '' for NaN."""
    distinct, where = np.unique(values, return_inverse=True)
    texts = np.array(['' if np.isnan(value) else str(value) for value in distinct], object)
    return texts[where].tolist() if len(values) else []


def quoted(texts: Iterable[str]) -> List[str]:
    """Texts as cells of a CSV file, those in quotes that need them."""
    return [
        '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text
        for text in texts
    ]


def _close(file: BinaryIO) -> None:
    """Closes a file when it is on the disk, so that a name given later is never empty."""
    with file:
        file.flush()
        os.fsync(file.fileno())
