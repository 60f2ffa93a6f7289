"""Pictures at the size that training needs, written once, so that it decodes no more than it uses.

A picture that is large enough becomes a JPEG: 8-bit, upright, without Exif, whatever it was before.
One that is no larger stays as it is, byte for byte. Both keep their names, endings and all:
decoders tell a format by content.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Optional

import cv2

from mmnoisy.datasets.pictures.decoding import decode_at_least, read_header
from mmnoisy.datasets.pictures.thumbnails import encode_jpeg
from mmnoisy.io.atomic import atomic_write

SHRUNK, COPIED, THERE = 'shrunk', 'copied as they are', 'there already'
WRITTEN = (SHRUNK, COPIED, THERE)


class Outcome(NamedTuple):
    """What became of a picture.

    Attributes:
        what: one of ``WRITTEN``, or why there is none, in words that many pictures share.
        before: bytes of its file.
        after: bytes of what is written.
        error: what is wrong, in a sentence; empty where nothing is.
        data: the content; None where it is in its file.
    """

    what: str
    before: int = 0
    after: int = 0
    error: str = ''
    data: Optional[bytes] = None


def shrink(data: bytes, short_edge: int, quality: int = 90) -> Optional[bytes]:
    """A picture, made smaller.

    Args:
        data: the file.
        short_edge: pixels of the shorter edge; the longer one follows, to half a pixel.
        quality: of the JPEG, 1 to 100.

    Returns:
        The content of a JPEG; None where the picture is no larger.

    Raises:
        ValueError, OSError, cv2.error, PIL.Image.DecompressionBombError: it cannot be decoded.
    """
    header = read_header(data)
    scale = short_edge / min(header[:2])
    if scale >= 1 and header.frame is not None:
        return None  # its end is there
    picture = decode_at_least(data, header, min(scale, 1))
    if scale >= 1:
        return None
    # A picture that was decoded whole is turned as its Exif says.
    height, width = picture.shape[:2] if header.frame is None else header[:2]
    size = round(width * scale), round(height * scale)
    return encode_jpeg(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), quality)


def shrink_file(
    source: Path, target: Optional[Path], short_edge: int, quality: int = 90
) -> Outcome:
    """Writes a picture at the size that is needed, if it is not there yet.

    Args:
        source: its file.
        target: the file to write, whole or not at all; None: give the content back.
        short_edge: as of :func:`shrink`.
        quality: as of :func:`shrink`.

    Raises:
        InputError: it cannot be written.
    """
    try:
        if source.exists() and not source.is_file():
            raise ValueError('is no file')  # a pipe would be waited for
        before = source.stat().st_size
        if target is not None and target.is_file():
            return Outcome(THERE, before, target.stat().st_size)
        data = source.read_bytes()
        smaller = shrink(data, short_edge, quality)
    except Exception as error:  # of the file system and of decoders, each its own
        reason = _reason(error)
        more = '' if str(error) == reason else f' ({error})'
        return Outcome(reason, error=f'{source}: {reason}{more}')
    content = data if smaller is None else smaller
    what = COPIED if smaller is None else SHRUNK
    if target is None:
        return Outcome(what, before, len(content), data=content)
    with atomic_write(target, 'wb', shared=True) as file:
        file.write(content)
    return Outcome(what, before, len(content))


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return 'missing'
    strerror = getattr(error, 'strerror', None)
    if strerror:
        return f'cannot be opened ({strerror})'
    return str(error) if type(error) is ValueError else 'cannot be decoded'
