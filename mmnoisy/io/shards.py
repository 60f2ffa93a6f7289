"""Finished parts of a long run, kept until all of them are there (NumPy and Arrow)."""

from __future__ import annotations

import io
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Generic, Iterator, List, Sequence, TypeVar

import numpy as np

from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write

if TYPE_CHECKING:
    import pyarrow as pa

Part = TypeVar('Part')


class Parts(ABC, Generic[Part]):
    """A folder of files, each of them whole or not there, and one JSON: what they are of.

    A part is a function of its number and of what the JSON says: a run that was ended goes on with
    those that are missing, and one that is made again has the name that it had. Several processes
    and machines may write to the folder at once, also the same part.

    Args:
        folder: appears with the JSON in it, if it is not there.
        made_of: whatever the parts depend on, as JSON holds it.
        names: of the parts, without an ending.

    Raises:
        InputError: the folder holds the parts of another run, or something else.
    """

    suffix, kind, info = '', 'parts', 'run.json'

    def __init__(self, folder: Path, made_of: Dict[str, Any], names: Sequence[str]) -> None:
        self.folder, self.names = Path(folder), names
        text = json.dumps({**made_of, self.kind: len(names)}, indent=1, sort_keys=True)
        path = self.folder / self.info
        filled = self.folder.is_dir() and any(self.folder.glob('[!.]*'))  # before another begins
        if not path.exists():
            if filled:
                raise InputError(f'{folder}: is there already; name another folder with --out')
            self._write(path, text.encode())
            return
        found = json.loads(path.read_text())
        wanted = json.loads(text)
        other = sorted(k for k in {*found, *wanted} if found.get(k) != wanted.get(k))
        if other:
            raise InputError(
                f'{folder}: holds the beginnings of another run (other {", ".join(other)}); '
                'remove it, or name another folder with --out'
            )

    def missing(self, share: int = 0, shares: int = 1) -> List[int]:
        """Numbers of the unfinished parts that are the work of one of several processes."""
        numbers = range(share, len(self.names), shares)
        return [k for k in numbers if not self.path(k).exists()]

    def path(self, number: int) -> Path:
        """Where a part is, or will be."""
        return self.folder / f'{self.names[number]}{self.suffix}'

    def write(self, number: int, part: Part) -> None:
        """Stores a part.

        Raises:
            InputError: it cannot be written, or the folder has gone.
        """
        if not (self.folder / self.info).exists():
            raise InputError(
                f'{self.folder}: has gone while a part of it was computed; another run has put '
                'the parts together, or somebody removed it'
            )
        self._write(self.path(number), self.encode(part))

    def __getitem__(self, number: int) -> Part:
        return self.read(self.path(number))

    def __iter__(self) -> Iterator[Part]:
        """The parts in their order, one at a time in memory."""
        return (self[k] for k in range(len(self.names)))

    @abstractmethod
    def encode(self, part: Part) -> bytes:
        """A part as the bytes of its file; in memory, as writers to files hide why they fail."""

    @abstractmethod
    def read(self, path: Path) -> Part:
        """A part from its file."""

    def _write(self, path: Path, content: bytes) -> None:
        with atomic_write(path, 'wb', durable=True, shared=True) as file:
            file.write(content)


class Blocks(Parts[np.ndarray]):
    """A folder of arrays, numbered.

    Args:
        folder: as of :class:`Parts`.
        made_of: as of :class:`Parts`.
        count: the number of blocks.
    """

    suffix, kind = '.npy', 'blocks'

    def __init__(self, folder: Path, made_of: Dict[str, Any], count: int) -> None:
        super().__init__(folder, made_of, numbered(count))

    def encode(self, part: np.ndarray) -> bytes:
        """As ``numpy.save`` writes it."""
        content = io.BytesIO()
        np.save(content, part, allow_pickle=False)
        return content.getvalue()

    def read(self, path: Path) -> np.ndarray:
        """Without pickles."""
        return np.load(path, allow_pickle=False)


class Shards(Parts['pa.Table']):
    """A folder of Parquet files, which Spark, DuckDB, polars and Hugging Face read as one."""

    suffix, kind = '.parquet', 'shards'
    info = '_run.json'  # what begins so is no part of the table

    def encode(self, part: pa.Table) -> bytes:
        """As one Parquet file."""
        from pyarrow import parquet

        content = io.BytesIO()
        parquet.write_table(part, content)
        return content.getvalue()

    def read(self, path: Path) -> pa.Table:
        """All of a file."""
        from pyarrow import parquet

        return parquet.read_table(path, partitioning=None)


def numbered(count: int) -> List[str]:
    """Names of parts that have none: their numbers."""
    return [f'{number:06d}' for number in range(count)]


def spans(total: int, size: int) -> List[slice]:
    """Rows 0 to ``total``, cut into spans of ``size``; the last one may have fewer."""
    return [slice(first, min(first + size, total)) for first in range(0, total, size)]
