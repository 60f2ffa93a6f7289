"""Cleaned labels, and which labels to ask a human about, for images in memory."""

from __future__ import annotations

from typing import Any, Iterator, Optional

import numpy as np

from mmnoisy.arrays.model import BATCH_SIZE
from mmnoisy.arrays.training import Training
from mmnoisy.cleaning.cross_fit import fold_of_images
from mmnoisy.cleaning.pairs import Rule, decide, match_verdicts, pairs_of
from mmnoisy.cleaning.review.error_model import ErrorModel, cross_fitted
from mmnoisy.cleaning.review.queue import Queue, best_labels, label_scores
from mmnoisy.cleaning.review.ranking import best_share, expected_value
from mmnoisy.cleaning.scorer import Scorer
from mmnoisy.datasets.csr import Csr
from mmnoisy.errors import InputError


def cleaned_labels(model: Any, images: Any, rule: Rule) -> Csr:
    """The cleaned labels of images.

    Args:
        model: with a cleaning head, in evaluation mode.
        images: a data set of features in test mode.
        rule: when a label is kept, removed and added.
    """
    count, labels, values = [np.zeros(1, np.int64)], [], []
    for pairs, size in _pairs(_scorer(model, images), rule):
        outcome = decide(pairs, rule)
        kept = pairs[outcome.present]
        count.append(np.bincount(kept['image'], minlength=size))
        labels.append(kept['label'])
        values.append(outcome.after[outcome.present])
    return Csr(np.cumsum(np.concatenate(count)), np.concatenate(labels), np.concatenate(values))


def ranked_labels(
    training: Training, model: Any, size: int, folds: int, class_share: Optional[float]
) -> Queue:
    """The noisy labels of T to ask about first, as ``tools/review_queue.py`` ranks them.

    What tells how likely a label is wrong learns from V, each image of it being scored by a model
    that has been trained without it and its like, from the first stage on.

    Args:
        training: of the method, on T and V.
        model: trained on all of V, in evaluation mode.
        size: length of the queue.
        folds: parts of V, and trainings.
        class_share: of the queue that one class may take while others are left; None for the one
            that finds most errors on V.

    Raises:
        InputError: a number means nothing, V is too small for it or says the same of all labels.
    """
    validation, train = training.data.validation, training.data.train
    if size < 1 or (class_share is not None and not 0 < class_share <= 1):
        raise InputError(
            f'size={size}, class_share={class_share}: give at least 1, and a share in (0, 1]'
        )
    if not 2 <= folds <= len(validation):
        raise InputError(
            f'folds={folds}: give at least 2, and {len(validation)}, all of V, at most'
        )
    number = fold_of_images(len(validation), folds)
    parts = []
    for k in range(folds):
        without = training.train(np.flatnonzero(number != k))
        parts.append(label_scores(_scorer(without, validation), np.flatnonzero(number == k)))
    pairs, fold = np.concatenate(parts), np.repeat(np.arange(folds), [*map(len, parts)])
    num_classes = len(train.index.classes)
    rated, wrong = match_verdicts(pairs, validation.index.verdicts, num_classes)
    pairs, fold, wrong = pairs[rated], fold[rated], wrong[rated]
    value = expected_value(cross_fitted(pairs, wrong, fold), pairs['score'])
    share = class_share or best_share(value, pairs['label'], wrong, size)
    blocks = (of_block for of_block, _ in _pairs(_scorer(model, train), Rule(max_added=0)))
    return best_labels(blocks, BATCH_SIZE, ErrorModel(pairs, wrong), size, share)


def _scorer(model: Any, images: Any) -> Scorer:
    return Scorer(model, images, BATCH_SIZE, num_workers=0)


def _pairs(scorer: Scorer, rule: Rule) -> Iterator[tuple[np.ndarray, int]]:
    """The pairs of one batch after the other, and its number of images."""
    every_class = np.ones(scorer.num_classes, bool)
    for rows, scores in scorer([slice(0, len(scorer.index))]):
        noisy = scorer.index.noisy.take(np.arange(rows.start, rows.stop))
        yield pairs_of(noisy, scores, every_class, rule), rows.stop - rows.start
