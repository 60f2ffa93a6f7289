"""Files and folders to read, local or at an address that fsspec opens."""

from __future__ import annotations

import os
import posixpath
from contextlib import contextmanager, suppress
from typing import Any, Iterator, List, Tuple

from mmnoisy.datasets.sources.opening import open_file
from mmnoisy.errors import InputError

ENDS = 1 << 16
"""Bytes of the beginning and of the end of a file by which its format is told."""


def is_address(path: str) -> bool:
    """Whether a path is an address such as ``s3://bucket/tags.json``, not a local file."""
    return '://' in path


def read_bytes(path: str) -> bytes:
    """All of a file.

    Raises:
        InputError: it is not there or cannot be read.
    """
    with open_file(path) as file:
        return file.read()


def read_ends(path: str) -> bytes:
    """The beginning and the end of a file; empty where there is none. Never raises."""
    with suppress(Exception), open_file(path) as file:
        head = file.read(ENDS)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(len(head), size - ENDS))
        return head + file.read()
    return b''


def is_folder(path: str) -> bool:
    """Whether a path is that of a folder. Never raises."""
    if not is_address(path):
        return os.path.isdir(path)
    with suppress(Exception):
        system, inner = _address(path)
        return system.isdir(inner)
    return False


def files_below(folder: str) -> List[str]:
    """The files of a folder and of those in it, sorted, as paths below it with ``/``.

    Links are followed, each folder once; names that begin with a dot are left out.

    Raises:
        InputError: the folder cannot be read.
    """
    if is_address(folder):
        with _address_errors(folder):
            system, inner = _address(folder)
            found = [posixpath.relpath(one, inner) for one in system.find(inner)]
    else:
        found = list(_walk(folder))
    return sorted(one for one in found if not any(p.startswith('.') for p in one.split('/')))


def join(folder: str, name: str) -> str:
    """The path of a file in a folder, local or an address."""
    return f'{folder.rstrip("/")}/{name}' if is_address(folder) else os.path.join(folder, name)


def is_picture(name: Any) -> bool:
    """Whether a name is that of a picture by its ending."""
    from mmnoisy.datasets.pictures.decoding import suffixes  # with OpenCV

    return isinstance(name, str) and posixpath.splitext(name)[1].lower() in suffixes()


def _walk(folder: str) -> Iterator[str]:
    seen = set()

    def fail(error: OSError) -> None:
        raise InputError(f'{error.filename}: cannot be read ({error.strerror})') from error

    for here, folders, files in os.walk(folder, onerror=fail, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        below = os.path.relpath(here, folder).replace(os.sep, '/')
        for name in files:
            yield name if below == '.' else f'{below}/{name}'


def _address(path: str) -> Tuple[Any, str]:
    """The file system of an address and the path in it."""
    import fsspec

    return fsspec.core.url_to_fs(path)


@contextmanager
def _address_errors(path: str) -> Iterator[None]:
    """Storage of every kind says in its own way that something is wrong."""
    try:
        yield
    except ImportError as error:
        raise InputError(f'{path}: is opened by a package that is missing ({error})') from error
    except Exception as error:
        raise InputError(f'{path}: cannot be read ({error}); check the address') from error
