"""What may be given to a classifier: files, folders, videos, arrays, bytes, and lists of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Optional, Union

import cv2
import numpy as np
import torch
from PIL import Image

from mmnoisy.datasets.pictures.decoding import decode, read_header, suffixes
from mmnoisy.errors import InputError

VIDEOS = ('.mp4', '.m4v', '.mov', '.avi', '.mkv', '.webm', '.mpg', '.mpeg')
UNREADABLE = 'cannot be read as a picture'


class Picture(NamedTuple):
    """One picture, not loaded yet if it is a file.

    Attributes:
        name: path of the file, ``VIDEO#FRAME``, or the number of an array.
        pixels: (H, W, 3) or (H, W) uint8, BGR or gray; None for a file; bytes for what would be
            one by itself, such as a row of a table.
    """

    name: str
    pixels: Union[np.ndarray, bytes, None] = None

    def decoded(self) -> Optional[np.ndarray]:
        """The pixels; None for a file.

        Raises:
            InputError: the bytes are no picture.
        """
        if isinstance(self.pixels, bytes):
            return _from_bytes(self.pixels, self.name)
        return self.pixels


class LeftOut(NamedTuple):
    """A file that gets no label.

    Attributes:
        name: its path.
        reason: why, in words that many files share.
        error: the same in a sentence.
    """

    name: str
    reason: str
    error: str


def find_pictures(
    inputs: Any, every: int = 1, left_out: Optional[List[LeftOut]] = None
) -> Iterator[Picture]:
    """All pictures that some inputs stand for, one after the other.

    Args:
        inputs: path or address of a picture; path of a folder, for the pictures in it and in its
            folders, by name; path of a video, for its frames; an array (H, W), (H, W, 3) or
            (N, H, W, 3), uint8 in BGR; the bytes of a file; or an iterable of these.
        every: of the frames of a video take the first of every so many.
        left_out: collects what is in folders and is no picture.

    Raises:
        InputError: there is no such file, a folder has no picture, a video or bytes cannot be
            read, an array is none of these, or ``every`` is below 1.
    """
    if every < 1:
        raise InputError(f'every={every}: is no step from frame to frame; give at least 1')
    left_out = [] if left_out is None else left_out
    numbers = iter(range(2**63))
    pending = [iter([inputs])]
    while pending:
        for item in pending[-1]:
            if isinstance(item, Picture):
                yield item
            elif isinstance(item, (str, Path)):
                yield from _from_path(str(item), every, left_out)
            elif isinstance(item, np.ndarray):
                yield from (Picture(str(next(numbers)), pixels) for pixels in _from_array(item))
            elif isinstance(item, (bytes, bytearray, memoryview)):
                number = str(next(numbers))
                yield Picture(number, _from_bytes(bytes(item), f'input {number}'))
            elif hasattr(item, '__iter__') and not isinstance(item, torch.Tensor):
                pending.append(iter(item))
                break
            else:
                kind = type(item).__name__
                raise InputError(
                    f'an input of type {kind}: is no picture; give a path, the bytes of a file, or '
                    'a NumPy array (H, W, 3), uint8 in BGR'
                )
        else:
            pending.pop()


def _from_path(path: str, every: int, left_out: List[LeftOut]) -> Iterator[Picture]:
    if os.path.isdir(path):
        found = False
        before = len(left_out)
        for file in _files(path, left_out):
            reason = _why_not(file)
            if reason is None:
                found = True
                yield Picture(file)
            else:
                left_out.append(LeftOut(file, reason, f'{file}: {reason}'))
        if not found:
            others = left_out[before:]
            first = f'; the first of its {len(others)} files, {others[0].error}' if others else ''
            raise InputError(f'{path}: has no picture{first}; give a folder with pictures')
        return
    require_file(path)
    if path.lower().endswith(VIDEOS):
        yield from _frames(path, every)
    else:
        yield Picture(path)


def require_file(path: str) -> None:
    """Refuses a path at which there is no file.

    Raises:
        InputError: it is no address either.
    """
    if '://' not in path and not os.path.isfile(path):
        raise InputError(f'{path}: there is no such file; check the path')


def _files(folder: str, left_out: List[LeftOut]) -> Iterator[str]:
    """The files in a folder and in its folders, by name."""

    def missed(error: OSError) -> None:
        reason = f'a folder that cannot be opened ({error.strerror})'
        left_out.append(LeftOut(str(error.filename), reason, f'{error.filename}: {reason}'))

    found = [
        Path(where, name) for where, _, names in os.walk(folder, onerror=missed) for name in names
    ]
    return map(str, sorted(found))


def _why_not(path: str) -> Optional[str]:
    """Why a file is no picture; None where it is one, or says so by its name."""
    if not os.path.isfile(path):
        return 'a link to nothing' if os.path.islink(path) else 'no file'
    if path.lower().endswith(VIDEOS):
        return 'a video, which is read where it is given by itself'
    if os.path.splitext(path)[1].lower() in suffixes():
        return None  # what has another suffix, or none, is looked into
    try:
        with Image.open(path):
            return None
    except Image.DecompressionBombError:
        return None  # what is too large is told when it is read
    except Exception as error:  # of Pillow's decoders, each its own
        known = isinstance(error, OSError) and error.strerror
        return f'cannot be opened ({known})' if known else 'no picture'


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


def _from_bytes(data: bytes, name: str) -> np.ndarray:
    try:
        read_header(data)
        return decode(data)
    except Exception as error:  # of Pillow, OpenCV and struct, each its own
        raise InputError(f'{name}: {UNREADABLE} ({error}); give other bytes') from error
