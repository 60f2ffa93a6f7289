"""Folders of ``.npy`` files beside one JSON that says what they are (pure NumPy)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, Iterable, Literal, Mapping, Sequence

import numpy as np

from mmnoisy.errors import InputError
from mmnoisy.io.texts import Texts

_HASHED = 2**20  # elements at once


def read_info(path: Path, what: str, versions: Sequence[int], mend: str) -> Dict[str, Any]:
    """The JSON of a folder of arrays.

    Args:
        path: of the JSON.
        what: the kind of folder, such as ``'label index'``; the ``format`` is "mmnoisy" and this.
        versions: of the format that can be read, the newest one first.
        mend: what to do where there is none.

    Raises:
        InputError: the file is missing, damaged or of another format or version.
    """
    try:
        info = json.loads(path.read_text('utf-8'))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f'{path.parent}: there is no {what} here; {mend}') from None
    except ValueError as error:
        raise InputError(f'{path}: is damaged ({error}); {mend}') from error
    found = info if isinstance(info, dict) else {}
    if found.get('format') != f'mmnoisy {what}' or found.get('version') not in versions:
        raise InputError(f'{path.parent}: is not a {what} of version {versions[0]}; {mend}')
    return info


def open_array(
    path: Path, mend: str, shape: Sequence[int] | None = None, mode: Literal['r', 'r+'] = 'r'
) -> np.ndarray:
    """Maps an array into memory.

    Args:
        path: of the ``.npy`` file.
        mend: what to do where it cannot be opened.
        shape: what it must be; None for any.
        mode: ``'r'``, or ``'r+'`` for an array to write to.

    Raises:
        InputError: the file is missing or truncated, or has another shape.
    """
    try:
        # A plain view: slicing an np.memmap costs a microsecond more each time.
        array = np.load(path, mmap_mode=mode, allow_pickle=False).view(np.ndarray)
    except (OSError, ValueError) as error:
        raise InputError(f'{path}: is missing or truncated ({error}); {mend}') from error
    if shape is not None and list(array.shape) != list(shape):
        raise InputError(f'{path}: holds {array.shape}, not {list(shape)}; {mend}')
    return array


def text_arrays(name: str, texts: Texts) -> Dict[str, np.ndarray]:
    """The two arrays of texts under the names of their files."""
    return dict(zip((f'{name}_start', f'{name}_bytes'), texts.arrays()))


def open_texts(folder: Path, name: str, shapes: Mapping[str, Sequence[int]], mend: str) -> Texts:
    """Maps texts into memory.

    Args:
        folder: of the arrays.
        name: of the texts.
        shapes: of all arrays.
        mend: what to do where they cannot be opened.

    Raises:
        InputError: a file is missing or truncated.
    """
    names = f'{name}_start', f'{name}_bytes'
    start, data = (open_array(folder / f'{each}.npy', mend, shapes[each]) for each in names)
    if int(start[-1]) != len(data):
        raise InputError(f'{folder}: {names[0]}.npy and {names[1]}.npy do not fit; {mend}')
    return Texts(start, data)


def arrays_hash(arrays: Iterable[np.ndarray]) -> str:
    """SHA-256 of the values of flat arrays, one after the other."""
    digest = hashlib.sha256()
    for array in arrays:
        for start in range(0, len(array), _HASHED):
            digest.update(np.ascontiguousarray(array[start : start + _HASHED]).data)
    return digest.hexdigest()
