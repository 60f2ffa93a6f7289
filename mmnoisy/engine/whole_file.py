"""Files that appear whole under their names, or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Iterator

from mmnoisy.errors import InputError

_NOT_WRITABLE = {
    getattr(errno, name)
    for name in ('ENOSPC', 'EDQUOT', 'EFBIG', 'EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR')
    if hasattr(errno, name)
}


@contextmanager
def whole_path(path: Path, durable: bool = False) -> Iterator[Path]:
    """A name for a file to write, which gets its own one when all of it is written.

    Args:
        path: its final name; the folder is made if needed.
        durable: wait until the file is on the disk, so that not even a power cut leaves a part.

    Raises:
        InputError: the disk is full, or the file cannot be made there.
    """
    path = Path(path)
    unfinished = path.with_name(f'{path.name}.tmp')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        if durable:
            _sync(unfinished)
        os.replace(unfinished, path)
        if durable:
            with suppress(OSError):  # on systems that cannot sync the names in a folder
                _sync(path.parent)
    except BaseException as error:
        with suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError) and error.errno in _NOT_WRITABLE:
            raise InputError(
                f'{path}: cannot be written ({error.strerror}); free some space, or write elsewhere'
            ) from error
        raise


@contextmanager
def whole_file(path: Path, mode: str = 'w', durable: bool = False, **kwargs: Any) -> Iterator[IO]:
    """Opens a file to write, under another name until all of it is written.

    Args:
        path: its final name; the folder is made if needed.
        mode: ``'w'``, in UTF-8, or ``'wb'``.
        durable: wait until the file is on the disk, so that not even a power cut leaves a part.
        **kwargs: of :func:`open`.

    Raises:
        InputError: the disk is full, or the file cannot be made there.
    """
    encoding = None if 'b' in mode else 'utf-8'
    with whole_path(path, durable) as name, open(name, mode, encoding=encoding, **kwargs) as file:
        yield file


def _sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
