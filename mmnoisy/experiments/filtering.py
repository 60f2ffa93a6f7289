"""Labels that cleanlab finds wrong are taken out, missing ones put in."""

from __future__ import annotations

import warnings
from typing import List

import numpy as np

from mmnoisy.datasets.csr import Csr
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError

FOLDS = 2
"""Parts of T; the labels of each are judged by models that have not seen them."""


def folds(num_images: int, seed: int) -> List[np.ndarray]:
    """Numbers of the images of each part, ascending; a random division."""
    order = np.random.default_rng([seed, num_images]).permutation(num_images)
    return [np.sort(part) for part in np.array_split(order, FOLDS)]


def filtered(index: LabelIndex, scores: np.ndarray, add: bool) -> LabelIndex:
    """An index without the noisy labels that confident learning finds wrong, class by class.

    `Confident Learning: Estimating Uncertainty in Dataset Labels
    <https://arxiv.org/abs/1911.00068>`_, as cleanlab does it for several labels an image, with its
    default settings: so many labels of a class are wrong as the joint distribution of given and
    true labels says, and they are those of lowest score.

    Args:
        index: of N images that can be read.
        scores: (N, C) out-of-sample probabilities that the classes are present.
        add: also give the labels that cleanlab finds missing.

    Raises:
        InputError: cleanlab is missing.
    """
    shape = scores.shape
    image = np.repeat(np.arange(shape[0]), np.diff(index.noisy.start))
    given = np.zeros(shape, bool)
    given[image, index.noisy.label] = True
    confidence = np.ones(shape, np.float32)
    confidence[image, index.noisy.label] = index.noisy.value
    wrong = _issues(given, scores)
    kept = (given ^ wrong) if add else (given & ~wrong)
    row, label = np.nonzero(kept)
    start = np.searchsorted(row, np.arange(shape[0] + 1))
    noisy = Csr(start, label.astype(index.noisy.label.dtype), confidence[row, label])
    return LabelIndex(index.image_ids, noisy, index.verdicts, index.info, paths=index.paths)


def _issues(given: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Where cleanlab disagrees, (N, C) bool; of classes with one kind of label, nowhere."""
    try:
        from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
    except ImportError as error:
        raise InputError("cleanlab is missing: pip install 'mmnoisy[review]'") from error
    found = np.zeros_like(given)
    both = np.flatnonzero(given.any(0) & ~given.all(0))
    labels = [np.flatnonzero(row).tolist() for row in given[:, both]]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # cleanlab's advice about rare classes, one line a class
        found[:, both] = find_multilabel_issues_per_class(labels, scores[:, both], n_jobs=1)
    return found
