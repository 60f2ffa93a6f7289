"""Arrays as the folder of indexes and feature banks that configs read."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Iterator, Optional, Tuple

import numpy as np

from mmnoisy.arrays.reading import read_confidences, read_verified
from mmnoisy.datasets import SUBSETS, FeatureBank, LabelIndex, OpenImagesFeatures
from mmnoisy.datasets.release.ids import texts_of_numbers
from mmnoisy.errors import InputError
from mmnoisy.io.texts import Texts


@contextmanager
def opened(
    features: np.ndarray, Y: Any, verified: Any, num_classes: Optional[int] = None
) -> Iterator[Tuple[Path, np.ndarray]]:
    """A folder with T, V and a test set without images, while the block lasts.

    The labels are written there, to be mapped into memory; the features stay where they are.

    Args:
        features: (N, D).
        Y: see :func:`read_confidences`.
        verified: see :func:`read_verified`; an image with any verdict is of V, the others are T.
        num_classes: C, of a model that is there.

    Yields:
        The folder, and (N,) bool, which images are of V.

    Raises:
        InputError: they do not fit together, or there is no T.
    """
    with TemporaryDirectory(prefix='mmnoisy-') as name, ExitStack() as stack:
        root = Path(name).resolve()
        rated = _write_index(root / 'index/all', len(features), Y, verified, num_classes)
        for subset, images in zip(SUBSETS, (~rated, rated, np.zeros_like(rated))):
            index = LabelIndex.open(root / 'index/all').select(images)
            index.write(root / 'index' / subset)
            rows = np.flatnonzero(images).astype(np.min_scalar_type(len(images)))
            bank = FeatureBank.lent(
                root / 'features' / subset, index.image_ids, _Rows(features, rows)
            )
            stack.enter_context(bank)
            del index
        shutil.rmtree(root / 'index/all')
        yield root, rated


def images_of(root: Path, subset: str = 'train') -> Any:
    """The images of one set of such a folder, as in tests."""
    places = (str(root / kind / subset) for kind in ('index', 'features'))
    return OpenImagesFeatures(*places, test_mode=True)


class _Rows:
    """Some rows of features as those (n, 1, D) of a bank, copied when they are looked at.

    Args:
        features: (N, D).
        rows: (n,) integers.
    """

    def __init__(self, features: np.ndarray, rows: np.ndarray) -> None:
        self.features, self.rows = features, rows
        self.shape, self.dtype = (len(rows), 1, features.shape[1]), features.dtype

    def __getitem__(self, where: Tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        place, _ = where
        return self.features[self.rows[place]]


def _image_ids(size: int) -> Texts:
    """The number of its row, in 16 digits, is the id of an image."""
    return texts_of_numbers(np.arange(size, dtype=np.uint64))


def _write_index(
    folder: Path, size: int, Y: Any, verified: Any, num_classes: Optional[int]
) -> np.ndarray:
    """Writes the index of all images, so that no copy of their labels stays in memory."""
    noisy, shape = read_confidences(Y)
    if shape[0] != size:
        raise InputError(f'Y: has {shape[0]} rows, and X {size}; give one for each image')
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
    classes = [str(k) for k in range(shape[1])]
    info = dict(classes=classes, class_names=classes, class_categories=[], files=[])
    LabelIndex(_image_ids(size), noisy, verdicts, info).write(folder)
    return rated
