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
    path = Path(path)
    unfinished = path.with_name(f'{path.name}.tmp')
    encoding = None if 'b' in mode else 'utf-8'
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(unfinished, mode, encoding=encoding, **kwargs) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(unfinished, path)
        if durable:
            _sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError) and error.errno in _NOT_WRITABLE:
            raise InputError(
                f'{path}: cannot be written ({error.strerror}); free some space, or write elsewhere'
            ) from error
        raise


def _sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on the disk, on systems that can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
