"""Small pictures to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import cv2
import numpy as np
from PIL import Image

from mmnoisy.datasets.pictures.decoding import decode_at_least, read_header


def thumbnail(path: Optional[Path], longest: int) -> Optional[np.ndarray]:
    """A picture, made smaller where its longer side is longer than so many pixels.

    Args:
        path: of the picture.
        longest: pixels of the longer side; smaller pictures stay as they are.

    Returns:
        (H, W, 3) uint8 in BGR; None where there is no path, no file or no picture in it.
    """
    if path is None:
        return None
    try:
        data = path.read_bytes()
        header = read_header(data)
        picture = decode_at_least(data, header, min(1, longest / max(header[:2])))
    except (OSError, ValueError, cv2.error, Image.DecompressionBombError):
        return None
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def encode_jpeg(picture: np.ndarray, quality: int = 85) -> bytes:
    """A picture (H, W, 3) uint8 in BGR as the content of a JPEG."""
    written, data = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert written
    return data.tobytes()
