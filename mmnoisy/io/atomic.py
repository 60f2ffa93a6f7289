"""Files and folders that appear whole under their names, or not at all."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import socket
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Iterable, Iterator, Sequence

from mmnoisy.errors import InputError
from mmnoisy.io.spreadsheet import as_text

_NOT_WRITABLE = {
    getattr(errno, name)
    for name in (
        *('ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'ENAMETOOLONG'),
        *('EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY'),
    )
    if hasattr(errno, name)
}


class _DiskError(InputError):
    """A file cannot be written; what it is a part of may tell more of it."""


@contextmanager
def disk_errors(path: Path, mend: str = 'make room, or write elsewhere') -> Iterator[None]:
    """Says in one sentence that a file or folder cannot be written, such as on a full disk.

    Args:
        path: of the file or folder; of several blocks around one another the outermost counts.
        mend: what to do about it.

    Raises:
        InputError: in place of an ``OSError``.
    """
    try:
        yield
    except (OSError, _DiskError) as error:
        cause = error.__cause__ if isinstance(error, _DiskError) else error
        if not isinstance(cause, OSError) or cause.errno not in _NOT_WRITABLE:
            raise
        raise _DiskError(f'{path}: cannot be written ({cause.strerror}); {mend}') from cause


@contextmanager
def atomic_path(path: Path, durable: bool = False, shared: bool = False) -> Iterator[Path]:
    """A name for a file or a folder to make, which gets its own one when all of it is written.

    Args:
        path: its final name; the folder that it is in is made if needed.
        durable: wait until the file is on the disk, so that not even a power cut leaves a part.
        shared: other processes may make the same at the same time; the last one counts.

    Raises:
        InputError: the disk is full, or nothing can be made there.
    """
    path = Path(path)
    own = f'.{socket.gethostname()}-{os.getpid()}' if shared else ''
    part = path.with_name(f'.{path.name}{own}.part')
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if part.is_dir():  # of a run that was killed
            shutil.rmtree(part)
        try:
            yield part
            if durable:
                _sync(part)
            os.replace(part, path)
        except BaseException:
            _remove(part)
            raise
    if durable:
        with suppress(OSError):  # on systems that cannot sync the names in a folder
            _sync(path.parent)


@contextmanager
def atomic_write(
    path: Path, mode: str = 'w', durable: bool = False, shared: bool = False, **kwargs: Any
) -> Iterator[IO]:
    """Opens a file to write, under another name until all of it is written.

    Args:
        path: its final name; the folder is made if needed.
        mode: ``'w'``, in UTF-8, or ``'wb'``.
        durable: wait until the file is on the disk, so that not even a power cut leaves a part.
        shared: as of :func:`atomic_path`.
        **kwargs: of :func:`open`.

    Raises:
        InputError: the disk is full, or the file cannot be made there.
    """
    kwargs = {'encoding': None if 'b' in mode else 'utf-8', **kwargs}
    with atomic_path(path, durable, shared) as part, open(part, mode, **kwargs) as file:
        yield file


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A new folder to fill, which gets its name when all is in it.

    Raises:
        InputError: the disk is full, or ``path`` is there already and not empty.
    """
    with atomic_path(path) as part:
        part.mkdir()
        yield part


@contextmanager
def atomic_files(folder: Path) -> Iterator[Path]:
    """A folder to write files into; they are moved into ``folder`` when the block succeeds.

    Args:
        folder: is made where it is missing; other files in it stay.

    Raises:
        InputError: ``folder`` is no folder, or nothing can be written there.
    """
    part = folder / '.part'
    with disk_errors(folder):
        _remove(part)
        part.mkdir(parents=True)
        try:
            yield part
            for path in sorted(part.iterdir()):
                os.replace(path, folder / path.name)
        finally:
            _remove(part)


def remove_parts(folder: Path) -> None:
    """Removes what processes that were killed have left of files; no other may write there now.

    Args:
        folder: with folders in it.
    """
    for where, _, names in os.walk(folder):
        for name in names:
            if name.startswith('.') and name.endswith('.part'):
                Path(where, name).unlink(missing_ok=True)


def folder_made_of(folder: Path, made_of: Any) -> Path:
    """A folder of results, emptied where those in it are of something else.

    Args:
        folder: is made if needed; all that is in it belongs to us.
        made_of: whatever the results depend on, as JSON holds it.

    Returns:
        ``folder``.

    Raises:
        InputError: it cannot be written.
    """
    path, text = folder / 'made_of.json', json.dumps(made_of, indent=1, sort_keys=True)
    with disk_errors(folder):
        if not path.is_file() or path.read_text('utf-8') != text:
            if folder.is_dir():
                shutil.rmtree(folder)
            folder.mkdir(parents=True)
            with atomic_write(path) as file:
                file.write(text)
    return folder


def require_writable(folder: Path) -> None:
    """Looks whether files can be written into a folder, and leaves everything as it was.

    Args:
        folder: need not be there yet.

    Raises:
        InputError: it cannot be made, or takes no file.
    """
    folder = Path(os.path.abspath(folder))
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f'{folder}: cannot be written to ({error.strerror}); name another folder'
        ) from error
    finally:
        for one in made:
            with suppress(OSError):
                one.rmdir()


def write_json(path: Path, values: Any) -> None:
    """Writes a JSON file.

    Raises:
        InputError: as :func:`atomic_write`.
    """
    text = json.dumps(values, indent=2, ensure_ascii=False) + '\n'
    with atomic_write(path) as file:
        # Half a character, which UTF-8 does not have, is "\ud83d" in JSON, too.
        file.write(text.encode('utf-8', 'backslashreplace').decode())


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a CSV file for people: no text of its rows is a formula to a spreadsheet.

    Raises:
        InputError: as :func:`atomic_write`.
    """
    with atomic_write(path, newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(header)
        for row in rows:
            writer.writerow([as_text(cell) if isinstance(cell, str) else cell for cell in row])


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
