"""Arrays as the folder of indexes and feature banks that configs read."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Iterator, Optional, Tuple

import numpy as np

from mmnoisy.arrays.reading import read_confidences, read_verified
from mmnoisy.datasets import SUBSETS, FeatureBank, LabelIndex, OpenImagesFeatures
from mmnoisy.datasets.csr import Csr
from mmnoisy.errors import InputError


@contextmanager
def opened(
    features: np.ndarray, Y: Any, verified: Any, num_classes: Optional[int] = None
) -> Iterator[Tuple[Path, np.ndarray]]:
    """The folder of :func:`data_set`, and (N,) bool, which images are of V.

    Args:
        features: (N, D).
        Y: see :func:`read_confidences`.
        verified: see :func:`read_verified`.
        num_classes: C, of a model that is there.

    Raises:
        InputError: they do not fit together, or there is no T.
    """
    noisy, shape = read_confidences(Y)
    if shape[0] != len(features):
        raise InputError(f'Y: has {shape[0]} rows, and X {len(features)}; give one for each image')
    if num_classes not in (None, shape[1]):
        raise InputError(
            f'Y: has {shape[1]} columns, and the model was trained on {num_classes} classes; give '
            'the same ones'
        )
    verdicts = read_verified(verified, shape)
    rated = np.diff(verdicts.start) > 0
    if rated.all():
        raise InputError(
            'verified: has a verdict on every image, and training begins with images that have '
            'none, their noisy labels; leave the verdicts on some out (NaN)'
        )
    with data_set(features, noisy, verdicts, shape[1]) as root:
        yield root, rated


@contextmanager
def data_set(features: np.ndarray, noisy: Csr, verdicts: Csr, num_classes: int) -> Iterator[Path]:
    """A folder with T, V and a test set without images, while the block lasts.

    The labels are written there, to be mapped into memory; the features stay where they are.

    Args:
        features: (N, D).
        noisy: labels of the N images.
        verdicts: on them; an image with any is of V, the others are T.
        num_classes: C.
    """
    image_ids = _image_ids(len(features))
    classes = [str(k) for k in range(num_classes)]
    info = dict(classes=classes, class_names=classes, class_categories=[], files=[])
    index = LabelIndex(image_ids, noisy, verdicts, info)
    rated = np.diff(verdicts.start) > 0
    with TemporaryDirectory(prefix='mmnoisy-') as name, ExitStack() as stack:
        root = Path(name).resolve()
        for subset, images in zip(SUBSETS, (~rated, rated, np.zeros_like(rated))):
            index.select(images).write(root / 'index' / subset)
            bank = FeatureBank.lent(root / 'features' / subset, image_ids, features[:, None])
            stack.enter_context(bank)
        del index
        yield root


def images_of(root: Path, subset: str = 'train') -> Any:
    """The images of one set of such a folder, as in tests."""
    places = (str(root / kind / subset) for kind in ('index', 'features'))
    return OpenImagesFeatures(*places, test_mode=True)


def _image_ids(size: int) -> np.ndarray:
    """The number of its row is the id of an image."""
    return np.arange(size, dtype=np.uint64)
