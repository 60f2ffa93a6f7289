"""One run at a time in a folder; a lock that a dead run does not leave behind."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

from mmnoisy.errors import InputError
from mmnoisy.io.atomic import disk_errors, require_writable

try:
    import fcntl
except ImportError:  # Windows has none, and no lock that the system gives back
    fcntl = None  # type: ignore[assignment]


@contextmanager
def lock(folder: Path, wanted: bool = True, patience: float = 0) -> Iterator[None]:
    """Keeps other runs out of a folder until the block or the process ends, however it does.

    The lock is one of the system on a hidden file beside the folder. Processes that this one
    forks, such as those that load data, do not hold it.

    Args:
        folder: that is written to; the folder that it is in is made.
        wanted: False for the other processes of the same run.
        patience: seconds to wait for the end of another run.

    Raises:
        InputError: another run writes there, or nothing can be written.
    """
    folder = Path(os.path.abspath(folder))
    if fcntl is None or not wanted:
        yield
        return
    path = folder.with_name(f'.{folder.name}.lock')
    with disk_errors(folder):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _acquire(path, folder, time.monotonic() + patience)
        os.write(descriptor, f'process {os.getpid()} on {socket.gethostname()}'.encode())
    try:
        if folder.exists():
            require_writable(folder)  # now, and not after hours of work
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _acquire(path: Path, folder: Path, deadline: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            who = os.read(descriptor, 200).decode('utf-8', 'replace') or 'another one'
            os.close(descriptor)
            if time.monotonic() < deadline:
                time.sleep(0.5)
                continue
            raise InputError(
                f'{folder}: a run is writing there ({who}); wait for its end, or name another '
                'folder'
            ) from error
        # One that has just ended may have removed the file that was opened.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                os.ftruncate(descriptor, 0)
                return descriptor
        os.close(descriptor)
