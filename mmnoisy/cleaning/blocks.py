"""Finished parts of a long run, kept until all of them are there (pure NumPy)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np

from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write


class Blocks:
    """A folder of arrays, each of them whole or not there, and one JSON: what they are of.

    A run that was ended goes on with the blocks that are missing. Several processes may write to
    the folder at once, each its own blocks.

    Args:
        folder: appears with the JSON in it, if it is not there.
        provenance: whatever the arrays depend on.
        count: the number of blocks.

    Raises:
        InputError: the folder holds the blocks of another run.
    """

    def __init__(self, folder: Path, provenance: Dict[str, Any], count: int) -> None:
        self.folder, self.count = folder, count
        text = json.dumps({**provenance, 'blocks': count}, indent=1, sort_keys=True)
        path = folder / 'run.json'
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write(path, text.encode())
            return
        found = json.loads(path.read_text())
        wanted = json.loads(text)
        other = sorted(k for k in {*found, *wanted} if found.get(k) != wanted.get(k))
        if other:
            raise InputError(
                f'{folder}: holds the beginnings of another run (other {", ".join(other)}); '
                'remove it, or name another folder with --out'
            )

    def missing(self, rank: int = 0, world_size: int = 1) -> List[int]:
        """Numbers of the unfinished blocks that are the work of one of several processes."""
        return [k for k in range(rank, self.count, world_size) if not self._path(k).exists()]

    def write(self, number: int, array: np.ndarray) -> None:
        """Stores a block."""
        # Through memory: NumPy's own writing to a file hides why it failed.
        content = io.BytesIO()
        np.save(content, array, allow_pickle=False)
        _write(self._path(number), content.getvalue())

    def __getitem__(self, number: int) -> np.ndarray:
        """A finished block."""
        return np.load(self._path(number), allow_pickle=False)

    def __iter__(self) -> Iterator[np.ndarray]:
        """The blocks in their order, one at a time in memory."""
        return (self[k] for k in range(self.count))

    def _path(self, number: int) -> Path:
        return self.folder / f'{number:06d}.npy'


def _write(path: Path, content: bytes) -> None:
    with atomic_write(path, 'wb', durable=True) as file:
        file.write(content)
