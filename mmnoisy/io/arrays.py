"""Folders of ``.npy`` files beside one JSON that says what they are (pure NumPy)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Literal, Sequence

import numpy as np

from mmnoisy.errors import InputError


def read_info(path: Path, what: str, version: int, mend: str) -> Dict[str, Any]:
    """The JSON of a folder of arrays.

    Args:
        path: of the JSON.
        what: the kind of folder, such as ``'label index'``; the ``format`` is "mmnoisy" and this.
        version: of the format.
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
    found = (info.get('format'), info.get('version')) if isinstance(info, dict) else None
    if found != (f'mmnoisy {what}', version):
        raise InputError(f'{path.parent}: is not a {what} of version {version}; {mend}')
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
