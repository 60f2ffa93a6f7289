"""The image ids of Open Images: 16 hexadecimal digits, which are numbers below 2^64 (pure).

While release files are read they are numbers; in an index they are texts like all others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Mapping, Sequence, Tuple

import numpy as np

from mmnoisy.errors import InputError
from mmnoisy.io.arrays import open_array, open_texts
from mmnoisy.io.texts import Texts

ID_DIGITS = 16
_LOWER = np.frombuffer(b'0123456789abcdef', np.uint8)
_VALUES = np.full(256, 16, np.uint8)
for _digits in (_LOWER, np.frombuffer(b'0123456789ABCDEF', np.uint8)):
    _VALUES[_digits] = np.arange(16)


def decode(text: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """(n, 16) hexadecimal digits as (n,) uint64, and (n,) whether they are such digits."""
    digit = _VALUES[text]
    octets = digit[:, 0::2] << 4 | digit[:, 1::2]
    return octets.view('>u8')[:, 0].astype(np.uint64), (digit < 16).all(1)


def texts_of_numbers(numbers: np.ndarray) -> Texts:
    """Ids (n,) uint64 as texts."""
    octets = np.ascontiguousarray(numbers, '>u8').view(np.uint8)
    data = _LOWER[np.stack([octets >> 4, octets & 15], -1)].reshape(-1)
    return Texts(np.arange(len(numbers) + 1, dtype=np.int64) * ID_DIGITS, data)


def numbers_of_texts(texts: Texts) -> np.ndarray:
    """Ids as numbers (n,) uint64.

    Raises:
        InputError: one is no id of Open Images.
    """
    start, data = texts.arrays()
    wrong = np.diff(start) != ID_DIGITS
    if not wrong.any():
        numbers, sound = decode(data.reshape(-1, ID_DIGITS))
        wrong = ~sound
    if wrong.any():
        raise InputError(
            f'{texts[int(np.argmax(wrong))]!r}: is no image id of Open Images; these are '
            f'{ID_DIGITS} hexadecimal digits such as 000060e3121c7305'
        )
    return numbers


def open_ids(folder: Path, shapes: Mapping[str, Sequence[int]], mend: str) -> Texts:
    """The ids of the images of an index or a feature bank, mapped into memory.

    Args:
        folder: of it.
        shapes: of its arrays.
        mend: what to do where they cannot be opened.

    Raises:
        InputError: a file is missing or truncated.
    """
    if 'image_ids' in shapes:  # numbers, as version 1 has them
        return texts_of_numbers(open_array(folder / 'image_ids.npy', mend, shapes['image_ids']))
    return open_texts(folder, 'image_ids', shapes, mend)
