"""Loads pictures under one policy: whole ones, or random crops decoded no further than needed.

The policy, for training and testing alike, is that of :mod:`mmnoisy.datasets.pictures.decoding`:
8-bit BGR, upright, of at most ``MAX_PIXELS``, and no JPEG that ends early. A picture that cannot
be loaded, for whatever reason, raises :class:`UnreadablePictureError` with its path.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator, Sequence

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform, LoadImageFromFile
from mmengine import fileio
from mmpretrain.datasets.transforms import RandomResizedCrop
from mmpretrain.registry import TRANSFORMS

from mmnoisy.datasets.pictures.decoding import Header, decode, decode_crop, read_header


class UnreadablePictureError(OSError):
    """A picture cannot be loaded; the message names the file."""


def apply_transform(transform: Callable[[dict], Any], results: dict) -> Any:
    """Calls a transform; what MMCV's ``LoadImageFromFile`` raises is told from other errors.

    Raises:
        UnreadablePictureError: the transform loads pictures and cannot load this one.
    """
    if not isinstance(transform, LoadImageFromFile):
        return transform(results)
    path = results['img_path']
    with _naming(path):
        try:
            return transform(results)
        except Exception:
            _read(path, transform.backend_args)  # says why in our words, where it can
            raise


@TRANSFORMS.register_module()
class LoadPicture(BaseTransform):
    """Loads a whole picture, as ``LoadImageFromFile`` does, under this module's policy.

    Required key: ``img_path``. Added keys: ``img`` (H, W, 3) uint8, ``img_shape`` and
    ``ori_shape`` (H, W).

    Args:
        backend_args: of :func:`mmengine.fileio.get`, for pictures that are not local files.

    Raises:
        UnreadablePictureError: the picture is missing, is none, ends early or is too large.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Adds the picture."""
        with _naming(results['img_path']):
            data, _ = _read(results['img_path'], self.backend_args)
            img = decode(data)
        return dict(results, img=img, img_shape=img.shape[:2], ori_shape=img.shape[:2])

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'


@TRANSFORMS.register_module()
class LoadRandomResizedCrop(RandomResizedCrop):
    """``LoadImageFromFile`` and ``RandomResizedCrop`` in one, decoding no more than the crop needs.

    The crop is drawn by ``RandomResizedCrop`` itself from the size in the file's header: the same
    random numbers give the same crop. A crop that is at least 2, 4 or 8 times as large as
    ``scale`` in both directions is decoded at 1/2, 1/4 or 1/8, which moves its edges by half an
    output pixel at most and smooths it as an antialiased resize does. Upright gray and colour
    JPEGs go this way, other pictures are decoded whole and then cropped.

    With `simplejpeg <https://pypi.org/project/simplejpeg>`_ installed, the rows below the crop are
    left out as well; a crop at full scale has the same pixels without it.

    Required key: ``img_path``. Added keys: ``img`` (``scale``, 3) uint8, ``img_shape`` its shape,
    ``ori_shape`` (H, W) of the whole picture.

    Args:
        scale: height and width of the result; one number for a square.
        backend_args: of :func:`mmengine.fileio.get`, for pictures that are not local files.
        **kwargs: ``crop_ratio_range``, ``aspect_ratio_range``, ``max_attempts``, ``interpolation``
            and ``backend`` of :class:`mmpretrain.datasets.transforms.RandomResizedCrop`.

    Raises:
        UnreadablePictureError: the picture is missing, is none, ends early or is too large.
    """

    def __init__(
        self, scale: Sequence | int, backend_args: dict | None = None, **kwargs: Any
    ) -> None:
        super().__init__(scale, **kwargs)
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Adds the crop."""
        path = results['img_path']
        whole = None
        with _naming(path):
            data, header = _read(path, self.backend_args)
            if header.frame is None:
                whole = decode(data)
        shape = header[:2] if whole is None else whole.shape[:2]
        # Takes no memory: only its shape is looked at.
        top, left, height, width = self.rand_crop_params(np.broadcast_to(np.uint8(0), shape))
        if whole is None:
            with _naming(path):
                crop = decode_crop(data, header, (top, left, height, width), self.scale)
        else:
            crop = whole[top : top + height, left : left + width]
        img = mmcv.imresize(
            crop, tuple(self.scale[::-1]), interpolation=self.interpolation, backend=self.backend
        )
        return dict(results, img=img, img_shape=img.shape, ori_shape=shape)


def _read(path: str, backend_args: dict | None) -> tuple[bytes, Header]:
    data = bytes(fileio.get(path, backend_args=backend_args))
    return data, read_header(data)


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Turns what storage and decoders raise, each its own kind, into one error with the path."""
    try:
        yield
    except Exception as error:
        reason = getattr(error, 'strerror', None) or error
        raise UnreadablePictureError(f'{path}: cannot be read as a picture: {reason}') from error
