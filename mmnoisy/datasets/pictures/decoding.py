"""From the bytes of a picture to pixels: all of them, or a crop at the scale it is needed in.

Every picture comes out as 8-bit BGR, upright: the Exif orientation is applied, gray is
replicated, CMYK is converted, alpha is dropped, 16 bits are scaled to 8, and of an animation the
first frame is taken. That is what OpenCV's ``IMREAD_COLOR`` gives; AVIF and WebP, of which it, or
an older one, leaves the orientation out, are decoded by Pillow. A picture of more than
``MAX_PIXELS`` is refused before memory is taken for it, and so is a JPEG that ends early.
"""

from __future__ import annotations

import importlib.util
import io
import math
import struct
from functools import cache
from typing import FrozenSet, Iterator, NamedTuple, Optional, Tuple

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 2**27
"""Of a picture, some 11,600 x 11,600: 400 MB decoded."""

_FORMATS = ('JPEG', 'MPO', 'PNG', 'WEBP', 'AVIF', 'GIF', 'BMP', 'TIFF', 'PPM', 'JPEG2000')
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # start of frame, of all kinds
_SCAN = 0xDA
_ORIENTATION = 0x0112
_HAS_SIMPLEJPEG = importlib.util.find_spec('simplejpeg') is not None
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class Header(NamedTuple):
    """What is known of a picture before it is decoded."""

    height: int
    """Of the picture as stored, before the Exif orientation is applied."""
    width: int
    frame: Optional[int]
    """Where the frame header of a JPEG begins that ``decode_crop`` can decode, else None."""


def read_header(data: bytes) -> Header:
    """Reads the size of a picture and whether only a part of it can be decoded.

    Raises:
        ValueError: an empty file, no picture, one without pixels or with more than
            ``MAX_PIXELS``, or a JPEG that ends early.
        PIL.Image.DecompressionBombError: far too large.
    """
    if not data:
        raise ValueError('the file is empty')
    header = _read_jpeg(data) if data.startswith(b'\xff\xd8') else _read_other(data)
    if not 0 < header.width * header.height <= MAX_PIXELS:
        raise ValueError(f'has {header.width} x {header.height} pixels, not 1 to {MAX_PIXELS}')
    return header


def decode(data: bytes) -> np.ndarray:
    """Decodes a whole picture; (H, W, 3) uint8, BGR, upright.

    Raises:
        ValueError, OSError, cv2.error: it cannot be decoded.
    """
    by_pillow = data[4:8] == b'ftyp' or data[8:12] == b'WEBP'
    return _pillow(data) if by_pillow else _opencv(data, cv2.IMREAD_COLOR)


@cache
def suffixes() -> FrozenSet[str]:
    """Of the files that can be decoded, in lower case, such as ``.jpg``."""
    Image.init()
    known = Image.registered_extensions().items()
    return frozenset(suffix for suffix, kind in known if kind in _FORMATS)


def decode_crop(
    data: bytes, header: Header, box: Tuple[int, int, int, int], size: Tuple[int, int]
) -> np.ndarray:
    """Decodes a crop of a JPEG at 1, 1/2, 1/4 or 1/8 of its size, the least that suffices.

    Scaling is done on the DCT coefficients: every pixel is about the mean of those it stands for.
    With simplejpeg the rows below the crop are not decoded.

    Args:
        data: the file.
        header: of the file, with a ``frame``.
        box: top, left, height and width of the crop, in pixels of the whole picture.
        size: height and width that the crop will be resized to; a reduced crop has at least as
            many pixels in both directions.

    Returns:
        (h, w, 3) uint8, BGR, where h and w are those of the box, divided by the scale; the
        edges are rounded to whole pixels of the reduced picture.

    Raises:
        ValueError, OSError, cv2.error: as in ``decode``.
    """
    top, left, height, width = box
    scale = next(
        k for k in (8, 4, 2, 1) if k == 1 or (height >= k * size[0] and width >= k * size[1])
    )
    picture = _reduced(data, header, scale, rows=top + height)
    top, bottom, left, right = (
        (edge + scale // 2) // scale for edge in (top, top + height, left, left + width)
    )
    return picture[top:bottom, left:right]


def decode_at_least(data: bytes, header: Header, scale: float) -> np.ndarray:
    """Decodes a whole picture at some part of its size, or somewhat more.

    Args:
        data: the file.
        header: of the file.
        scale: least height and width, above 0 and at most 1, of those of the picture.

    Returns:
        (h, w, 3) uint8, BGR, upright.

    Raises:
        ValueError, OSError, cv2.error: as in ``decode``.
    """
    if header.frame is None:
        return decode(data)
    height, width = header[:2]
    least = math.ceil(height * scale), math.ceil(width * scale)
    return decode_crop(data, header, (0, 0, height, width), least)


def _reduced(data: bytes, header: Header, scale: int, rows: int) -> np.ndarray:
    """At least the first ``rows`` rows of a JPEG, all reduced by ``scale``."""
    if _HAS_SIMPLEJPEG:
        import simplejpeg

        # Chroma is interpolated between rows, so those next to the last one count.
        rows = min(header.height, rows + 2 * scale)
        try:
            return simplejpeg.decode_jpeg(
                _cut(data, header, rows),
                'BGR',
                min_height=-(-rows // scale),
                min_width=-(-header.width // scale),
                min_factor=scale,
                strict=False,
            )
        except ValueError:  # a subsampling of chroma that it does not know
            pass
    return _opencv(data, _REDUCED[scale])


def _cut(data: bytes, header: Header, rows: int) -> bytes:
    """The JPEG with a frame header of fewer rows; decoders skip the data that is left over."""
    assert header.frame is not None
    at = header.frame + 5
    return b''.join((data[:at], rows.to_bytes(2, 'big'), data[at + 2 :]))


def _read_other(data: bytes) -> Header:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return Header(image.height, image.width, None)
    except UnidentifiedImageError:
        raise ValueError('is in no format that Pillow knows') from None


def _read_jpeg(data: bytes) -> Header:
    header, upright, at = None, True, 2
    for marker, at in _segments(data):
        if marker in _FRAMES:
            precision, height, width, components = struct.unpack_from('>BHHB', data, at + 4)
            ordinary = marker <= 0xC2 and precision == 8 and components in (1, 3)
            header = Header(height, width, at if ordinary else None)
        elif data.startswith(b'Exif\0\0', at + 4):
            upright = upright and _is_upright(data[at + 4 : at + 2 + _length(data, at)])
    # OpenCV would give a picture that is grey where the data is missing.
    if header is None or data.rfind(b'\xff\xd9', at) < 0:
        raise ValueError('ends before its end-of-image marker')
    return header if upright else header._replace(frame=None)


def _segments(data: bytes) -> Iterator[Tuple[int, int]]:
    """Marker and place of the segments of a JPEG, up to its first scan."""
    at, marker = 2, 0
    while marker != _SCAN:
        # As libjpeg does, this leaves out fill bytes and whatever is between two segments.
        at = data.find(b'\xff', at)
        if at < 0 or at + 12 > len(data):
            return
        marker = data[at + 1]
        if marker < 0xC0 or marker == 0xFF:
            at += 1
        else:
            yield marker, at
            at += 2 + _length(data, at)


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at + 2 : at + 4], 'big')


def _is_upright(exif: bytes) -> bool:
    block = Image.Exif()
    try:
        block.load(exif)
        return block.get(_ORIENTATION, 1) == 1
    except Exception:  # a broken block, of whatever kind, is left to OpenCV
        return False


def _pillow(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(ImageOps.exif_transpose(image).convert('RGB'))[..., ::-1]


def _opencv(data: bytes, flags: int) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if picture is None:
        raise ValueError('OpenCV cannot decode it')
    return picture
