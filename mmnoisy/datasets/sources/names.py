"""Which picture a name in a file of labels means (pure, on pyarrow)."""

from __future__ import annotations

import os
import posixpath
import re
from typing import Collection, List, NamedTuple, Optional, Sequence
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmnoisy.io.texts import Texts

_HALF = re.compile('[\ud800-\udfff]')
NONE, SEVERAL = -1, -2
"""In place of a picture: there is none of this name, or several."""


class Listing(NamedTuple):
    """The files of a folder, by their paths below it, with ``/`` between their parts.

    Attributes:
        files: ascending.
        pictures: those with the endings of pictures.
        unsaid: pictures whose names are no UTF-8, which are in neither; as Python shows them.
    """

    files: Texts
    pictures: Texts
    unsaid: Sequence[str] = ()


def list_pictures(folder: str, endings: Collection[str]) -> Listing:
    """All files below a folder.

    Args:
        folder: links in it are followed to files, not to folders.
        endings: of pictures, in lower case, such as ``.jpg``.
    """
    found: List[str] = []
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith('.')]
        below = os.path.relpath(root, folder).replace(os.sep, '/')
        found += [name if below == '.' else f'{below}/{name}' for name in files]
    found.sort()
    pictures = [path for path in found if path.lower().endswith(tuple(endings))]
    all_said, said = (
        Texts.of(path for path in paths if not _HALF.search(path)) for paths in (found, pictures)
    )
    return Listing(all_said, said, [ascii(path)[1:-1] for path in pictures if _HALF.search(path)])


def match(names: Sequence[str], paths: Texts, pictures: Optional[Texts] = None) -> np.ndarray:
    """The picture that each name means.

    A name is the path of a picture, or the same after a prefix that all names share, or else the
    last part of just one path; each with or without its ending, in the same letters or, where
    nothing else fits, in others; é is the same in one character and in two.

    Args:
        names: (n) paths, file names or addresses.
        paths: (P) of the files, ascending.
        pictures: those of them that count first where a name is not a whole path: ``1`` is
            ``1.jpg``, whatever ``1.txt`` lies beside it. None where all are pictures.

    Returns:
        (n,) int64, numbers of paths, ``NONE`` or ``SEVERAL``.
    """
    texts = Texts.of(names)
    found = paths.rows(texts)
    left = np.flatnonzero(found < 0)
    if not len(left) or not len(paths):
        return found
    every = paths.to_arrow().cast(pa.large_string())
    plain = _plain(texts.to_arrow().cast(pa.large_string()))
    below = _without_prefix(plain, every)
    # Only a bare name may lie anywhere: dogs/1.jpg is no other folder's 1.jpg.
    bare = pc.if_else(pc.match_substring(plain, '/'), pa.scalar(None, plain.type), plain)
    some = np.zeros(0, np.int64) if pictures is None else paths.rows(pictures)
    for row in (some, np.arange(len(paths))):
        among = every.take(pa.array(row))
        for asked, change, key in (
            (below, _same, _same),
            (below, _same, _without_ending),
            (bare, _same, _last_part),
            (bare, _same, lambda path: _without_ending(_last_part(path))),
            (below, _folded, _folded),
            (bare, _folded, lambda path: _folded(_last_part(path))),
        ):
            if not len(left) or not len(row):
                break
            place = _places(change(asked.take(pa.array(left))), key(among))
            found[left] = np.where(place < 0, place, row[place])
            left = left[place == NONE]
    return found


def _plain(names: pa.Array) -> pa.Array:
    """Paths without addresses, backslashes and what leads nowhere."""
    irregular = pc.match_substring_regex(names, r'://|\\|//|(^|/)\.\.?(/|$)|^/|/$')
    mended = [_plain_path(name) for name in names.filter(irregular).to_pylist()]
    return pc.replace_with_mask(names, irregular, pa.array(mended, pa.large_string()))


def _plain_path(name: str) -> str:
    if '://' in name:
        name = unquote(urlsplit(name).path)
    path = posixpath.normpath(name.replace('\\', '/')) if name else name
    return path.lstrip('/')


def _without_prefix(names: pa.Array, paths: pa.Array) -> pa.Array:
    """Names without the folders that all share and without which the most are known."""
    ends = pc.min_max(names).as_py()
    shared = posixpath.commonprefix([ends['min'], ends['max']])
    cut = [names]
    for k, letter in enumerate(shared):
        if letter == '/' and k:
            cut.append(pc.utf8_slice_codeunits(names, k + 1, 2**31 - 1))
    known = [pc.sum(pc.is_in(part, value_set=paths)).as_py() for part in cut]
    return cut[int(np.argmax(known))]


def _places(asked: pa.Array, keys: pa.Array) -> np.ndarray:
    """The place of each text among keys, ``NONE`` or ``SEVERAL``."""
    coded = keys.dictionary_encode()
    code = coded.indices.to_numpy()
    place = np.zeros(len(coded.dictionary), np.int64)
    place[code] = np.arange(len(code))
    place[np.bincount(code) > 1] = SEVERAL
    found = pc.index_in(asked, value_set=coded.dictionary).fill_null(len(place)).to_numpy()
    return np.append(place, NONE)[found]


def _same(texts: pa.Array) -> pa.Array:
    return texts


def _last_part(paths: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(paths, '(?s)^.*/', '')


def _without_ending(paths: pa.Array) -> pa.Array:
    """As ``posixpath.splitext``: a name of dots and one word, as ``.jpg``, has no ending."""
    return pc.replace_substring_regex(paths, r'([^/.][^/]*)\.[^/.]*$', r'\1')


def _folded(texts: pa.Array) -> pa.Array:
    """In one case, and composed: macOS writes é of a file's name as e and an accent."""
    folded = [text and normalize('NFC', text.casefold()) for text in texts.to_pylist()]
    return pa.array(folded, pa.large_string())
