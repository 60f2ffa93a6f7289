"""What may be given to a classifier: files, folders, videos, arrays, and lists of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional

import cv2
import numpy as np

from mmnoisy.datasets.pictures.decoding import is_picture, suffixes
from mmnoisy.errors import InputError

VIDEOS = ('.mp4', '.m4v', '.mov', '.avi', '.mkv', '.webm', '.mpg', '.mpeg')


class Picture(NamedTuple):
    """One picture, not loaded yet if it is a file.

    Attributes:
        name: path of the file, ``VIDEO#FRAME``, or the number of an array.
        pixels: (H, W, 3) or (H, W) uint8, BGR or gray; None for a file.
    """

    name: str
    pixels: Optional[np.ndarray] = None


def find_pictures(inputs: Any, every: int = 1) -> Iterator[Picture]:
    """All pictures that some inputs stand for, one after the other.

    Args:
        inputs: path or address of a picture; path of a folder, for the pictures in it and in its
            folders, by name; path of a video, for its frames; an array (H, W), (H, W, 3) or
            (N, H, W, 3), uint8 in BGR; or an iterable of these.
        every: of the frames of a video take the first of every so many.

    Raises:
        InputError: there is no such file, a folder has no picture, a video cannot be read, an
            array is none of these, or ``every`` is below 1.
    """
    if every < 1:
        raise InputError(f'every={every}: is no step from frame to frame; give at least 1')
    numbers = iter(range(2**63))
    pending = [iter([inputs])]
    while pending:
        for item in pending[-1]:
            if isinstance(item, (str, Path)):
                yield from _from_path(str(item), every)
            elif isinstance(item, np.ndarray):
                yield from (Picture(str(next(numbers)), pixels) for pixels in _from_array(item))
            elif hasattr(item, '__iter__'):
                pending.append(iter(item))
                break
            else:
                raise InputError(f'{item!r}: is no picture; give a path or a NumPy array')
        else:
            pending.pop()


def _from_path(path: str, every: int) -> Iterator[Picture]:
    if Path(path).is_dir():
        files = sorted(f for f in Path(path).rglob('*') if not f.is_dir() and is_picture(f))
        if not files:
            known = ' '.join(sorted(suffixes()))
            raise InputError(f'{path}: has no picture ({known}); give a folder with pictures')
        yield from (Picture(str(file)) for file in files)
    elif '://' not in path and not Path(path).is_file():
        raise InputError(f'{path}: there is no such file; check the path')
    elif path.lower().endswith(VIDEOS):
        yield from _frames(path, every)
    else:
        yield Picture(path)


def _frames(path: str, every: int) -> Iterator[Picture]:
    video = cv2.VideoCapture(path)
    number = 0
    try:
        while video.grab():  # decodes no more than it must
            if number % every == 0:
                found, pixels = video.retrieve()
                if found:
                    yield Picture(f'{path}#{number}', pixels)
            number += 1
    finally:
        video.release()
    if number == 0:
        raise InputError(f'{path}: cannot be read as a video; give another file')


def _from_array(array: np.ndarray) -> Iterator[np.ndarray]:
    if array.dtype != np.uint8 or not array.size:
        raise InputError(f'an array of {array.dtype} {array.shape}: give uint8 with pixels')
    if array.ndim == 4 and array.shape[3] in (1, 3):
        yield from array
    elif array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3)):
        yield array
    else:
        raise InputError(
            f'an array of shape {array.shape}: is no picture; give (H, W), (H, W, 3) in BGR, or '
            '(N, H, W, 3)'
        )
