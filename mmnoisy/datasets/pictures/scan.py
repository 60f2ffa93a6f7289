"""Finds out which pictures of a label index can be read, so that training skips the others."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, defaultdict
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.pictures.decoding import decode, read_header
from mmnoisy.datasets.pictures.paths import check_template
from mmnoisy.datasets.threads import map_in_threads
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write
from mmnoisy.io.progress import progress

UNCHECKED, FINE, MISSING, UNREADABLE, PLACEHOLDER, PNG = range(6)
NAMES = ('unchecked', 'fine', 'missing', 'unreadable', 'placeholder', 'PNG named as JPEG')

BATCH = 512
_PNG_SIGNATURE = b'\x89PNG'


def scan_pictures(
    folder: Path, root: str, templates: Sequence[str], backend_args: Optional[Dict] = None
) -> Dict[str, int]:
    """Looks at every picture of a label index that was not found to be fine before.

    A picture is fine if its header is sound and, for a JPEG, its end is there; other formats are
    decoded. What is found is kept at once in ``folder/pictures.npy``, one state an image, so that
    a scan that was interrupted goes on where it stopped; at the end ``folder/usable.npy``, the
    row numbers of the images that can be read, is moved into place, and
    :class:`mmnoisy.datasets.OpenImages` takes only these. The same PNG under several ids is
    Flickr's picture for photographs that are gone: a placeholder.

    Args:
        folder: the label index of one subset.
        root: folder or address of the pictures.
        templates: paths below it, see :mod:`mmnoisy.datasets.pictures.paths`; the first counts
            under which there is a file.
        backend_args: of :func:`mmengine.fileio.get`.

    Returns:
        The number of images in each state of ``NAMES``.

    Raises:
        InputError: the index or a template cannot be used, or the index cannot be written to.
    """
    for template in templates:
        check_template(template)
    index = LabelIndex.open(folder)
    try:
        states = _open_states(folder, len(index), {'root': root, 'templates': list(templates)})
    except OSError as error:
        raise InputError(
            f'{folder}: what is found of the pictures cannot be written here '
            f'({error.strerror or error}); prepare the index in another folder with --out'
        ) from error
    rows = np.flatnonzero(states != FINE)
    check = partial(_check, index, root, templates, backend_args)
    batches = np.array_split(rows, range(BATCH, len(rows), BATCH))
    digests: Dict[bytes, List[int]] = defaultdict(list)
    with progress(f'pictures of {folder.name}', total=len(rows), unit='images') as bar:
        # Mostly waiting for the disk, so with more threads than cores.
        for batch, found in zip(batches, map_in_threads(check, batches, 4 * (os.cpu_count() or 1))):
            states[batch] = [state for state, _ in found]
            for row, (state, digest) in zip(batch.tolist(), found):
                if state == PNG:
                    digests[digest].append(row)
            states.flush()
            bar.update(len(batch))
    for same in digests.values():
        if len(same) > 1:
            states[same] = PLACEHOLDER
    states.flush()
    _write_usable(folder, states)
    counts = Counter(states.tolist())
    return {name: counts[state] for state, name in enumerate(NAMES)}


def keep_states(old: Path, new: Path) -> None:
    """Takes over into a new index what a scan of an older one found, image by image."""
    if not all((old / name).is_file() for name in ('pictures.npy', 'pictures.json')):
        return
    before, after = LabelIndex.open(old), LabelIndex.open(new)
    found = np.load(old / 'pictures.npy', mmap_mode='r', allow_pickle=False)
    row = before.image_ids.rows(after.image_ids)
    states = np.where(row < 0, 0, found[row]).astype(np.uint8)
    np.save(new / 'pictures.npy', states, allow_pickle=False)
    (new / 'pictures.json').write_bytes((old / 'pictures.json').read_bytes())
    _write_usable(new, states)


def _open_states(folder: Path, number: int, where: Mapping[str, Any]) -> np.memmap:
    """The states found so far, or new ones if these are of other files."""
    path, told = folder / 'pictures.npy', folder / 'pictures.json'
    if not (told.is_file() and path.is_file() and json.loads(told.read_text('utf-8')) == where):
        told.unlink(missing_ok=True)
        _save(path, np.zeros(number, np.uint8))
        told.write_text(json.dumps(where, indent=1), 'utf-8')
    return np.lib.format.open_memmap(path, mode='r+')


def _write_usable(folder: Path, states: np.ndarray) -> None:
    _save(folder / 'usable.npy', np.flatnonzero(np.isin(states, (UNCHECKED, FINE, PNG))))


def _save(path: Path, array: np.ndarray) -> None:
    with atomic_write(path, 'wb') as file:
        np.save(file, array, allow_pickle=False)


def _check(
    index: LabelIndex,
    root: str,
    templates: Sequence[str],
    backend_args: Optional[Dict],
    rows: np.ndarray,
) -> List[Tuple[int, bytes]]:
    """State of some pictures; for a PNG named as JPEG also what tells it from others."""
    from mmengine import fileio  # with PyTorch, which preparing labels does without

    found = []
    for row in rows.tolist():
        state = MISSING, b''
        for template in templates:
            path = os.path.join(root, index.picture(row, template))
            # Storage of every kind says in its own way that a file is missing.
            with suppress(Exception):
                data = bytes(fileio.get(path, backend_args=backend_args))
                state = _state(path, data)
                break
        found.append(state)
    return found


def _state(path: str, data: bytes) -> Tuple[int, bytes]:
    try:
        if read_header(data).frame is None:
            decode(data)
    except Exception:  # of Pillow, OpenCV and struct, each its own
        return UNREADABLE, b''
    if data.startswith(_PNG_SIGNATURE) and path.lower().endswith(('.jpg', '.jpeg')):
        return PNG, hashlib.sha256(data).digest()
    return FINE, b''
