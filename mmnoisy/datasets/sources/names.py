"""Which picture a name in a file of labels means (pure)."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from typing import Callable, Collection, Dict, List, Sequence, Tuple
from urllib.parse import unquote, urlsplit

import numpy as np

from mmnoisy.io.texts import Texts

NONE, SEVERAL = -1, -2
"""In place of a picture: there is none of this name, or several."""


def list_pictures(folder: str, endings: Collection[str]) -> Tuple[Texts, Texts]:
    """All files below a folder.

    Args:
        folder: links in it are followed to files, not to folders.
        endings: of pictures, in lower case, such as ``.jpg``.

    Returns:
        The paths below the folder, ascending, with ``/`` between their parts: of all files, and of
        those with these endings. A name that is no UTF-8 is in neither.
    """
    found: List[str] = []
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith('.')]
        below = os.path.relpath(root, folder).replace(os.sep, '/')
        found += [name if below == '.' else f'{below}/{name}' for name in files]
    valid = sorted(path for path in found if not any('\ud800' <= c <= '\udfff' for c in path))
    pictures = (path for path in valid if path.lower().endswith(tuple(endings)))
    return Texts.of(valid), Texts.of(pictures)


def match(names: Sequence[str], paths: Texts) -> np.ndarray:
    """The picture that each name means.

    A name is the path of a picture, or the same after a prefix that all names share, or else the
    last part of just one path; each with or without its ending, in the same letters or, where
    nothing else fits, in others.

    Args:
        names: (n) paths, file names or addresses.
        paths: (P) of the pictures, ascending.

    Returns:
        (n,) int64, numbers of paths, ``NONE`` or ``SEVERAL``.
    """
    found = paths.rows(Texts.of(names))
    left = np.flatnonzero(found < 0)
    if not len(left) or not len(paths):
        return found
    plain = [*map(_plain, names)]
    every = paths.tolist()
    whole = {path: row for row, path in enumerate(every)}
    cut = _prefix(plain, whole)
    lookups: List[Callable[[str], int]] = [
        lambda name: whole.get(name[cut:], NONE),
        _lookup(every, lambda path: posixpath.splitext(path)[0], lambda name: name[cut:]),
    ]
    # Only a bare name may lie anywhere: dogs/1.jpg is no other folder's 1.jpg.
    lookups += [
        _bare(_lookup(every, posixpath.basename)),
        _bare(_lookup(every, lambda path: posixpath.splitext(posixpath.basename(path))[0])),
        _lookup(every, str.casefold, lambda name: name[cut:].casefold()),
        _bare(_lookup(every, lambda path: posixpath.basename(path).casefold(), str.casefold)),
    ]
    for row in left.tolist():
        for lookup in lookups:
            found[row] = lookup(plain[row])
            if found[row] != NONE:
                break
    return found


def _plain(name: str) -> str:
    """A path without address, backslashes and what leads nowhere."""
    if '://' in name:
        name = unquote(urlsplit(name).path)
    path = posixpath.normpath(name.replace('\\', '/')) if name else name
    return path.lstrip('/')


def _prefix(names: Sequence[str], whole: Dict[str, int]) -> int:
    """The length of the prefix that all names share and without which the most are known."""
    shared = posixpath.commonprefix([posixpath.dirname(name) + '/' for name in names])
    ends = [0, *(k + 1 for k, letter in enumerate(shared) if letter == '/' and k)]
    known = [sum(name[end:] in whole for name in names) for end in ends]
    return ends[int(np.argmax(known))]


def _same(name: str) -> str:
    return name


def _lookup(
    paths: Sequence[str],
    key: Callable[[str], str],
    asked: Callable[[str], str] = _same,
) -> Callable[[str], int]:
    """Finds a path by what a function makes of it; the table is made when it is first used."""
    table: Dict[str, List[int]] = defaultdict(list)

    def find(name: str) -> int:
        if not table:
            for row, path in enumerate(paths):
                table[key(path)].append(row)
        rows = table.get(asked(name), ())
        return NONE if not rows else rows[0] if len(rows) == 1 else SEVERAL

    return find


def _bare(lookup: Callable[[str], int]) -> Callable[[str], int]:
    return lambda name: NONE if '/' in name else lookup(name)
