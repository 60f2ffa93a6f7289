"""Means with intervals, groups of classes, precision-recall (pure arrays)."""

from __future__ import annotations

import math
from typing import List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A mean over seeds."""

    mean: float
    """NaN where nothing was measured."""
    half_width: float
    """Half of the 95 % confidence interval; NaN for fewer than two seeds."""
    seeds: int
    """How many."""


def estimate(values: Sequence[float]) -> Estimate:
    """The mean and its 95 % interval by Student's t distribution.

    Args:
        values: one for each seed.
    """
    count = len(values)
    if not count:
        return Estimate(math.nan, math.nan, 0)
    mean = float(np.mean(values))
    if count == 1:
        return Estimate(mean, math.nan, 1)
    error = float(np.std(values, ddof=1)) / math.sqrt(count)
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))
    return Estimate(mean, quantile * error, count)


def paired_difference(values: Mapping[int, float], baseline: Mapping[int, float]) -> Estimate:
    """The mean difference to the baseline and its interval, over the seeds that both have.

    Args:
        values: by seed.
        baseline: by seed.
    """
    return estimate([values[seed] - baseline[seed] for seed in sorted({*values} & {*baseline})])


def equal_groups(values: np.ndarray, number: int) -> List[np.ndarray]:
    """Divides things into equally large groups, in rising order of a value.

    Args:
        values: (N,) NaN for a thing that is in no group; equal ones keep their order.
        number: of groups; there are fewer where there are fewer things.

    Returns:
        The indices of each group; the first groups are larger by one where needed.
    """
    order = np.argsort(values, kind='stable')
    order = order[~np.isnan(values[order])]
    return np.array_split(order, min(number, len(order))) if len(order) else []


def group_means(values: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of each group, without the NaNs; NaN where there is nothing else.

    Args:
        values: (N,).
        groups: the indices of each of the G groups.

    Returns:
        (G,) means.
    """
    known = [values[group][~np.isnan(values[group])] for group in groups]
    return np.array([of_group.mean() if len(of_group) else np.nan for of_group in known])


def precision_recall(score: np.ndarray, positive: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The precision-recall curve; pairs with equal scores share a point.

    Args:
        score: (P,) predicted scores.
        positive: (P,) bool ground truth, at least one.

    Returns:
        Recall, rising, and precision at it, both (T,) in [0, 1], for the T different scores.
    """
    order = np.argsort(-score, kind='stable')
    score = score[order]
    last = np.append(np.flatnonzero(score[1:] != score[:-1]), len(score) - 1)
    found = np.cumsum(positive[order])[last]
    return found / found[-1], found / (last + 1)


def accuracy_by_class(
    label: np.ndarray, present: np.ndarray, class_id: np.ndarray, num_classes: int
) -> np.ndarray:
    """How many labels agree with the verdicts, class by class.

    Args:
        label: (P,) bool.
        present: (P,) bool, the verdicts.
        class_id: (P,) int.
        num_classes: C.

    Returns:
        (C, 2) number of pairs that agree, number of pairs.
    """
    right = np.bincount(class_id, label == present, num_classes)
    return np.stack([right, np.bincount(class_id, minlength=num_classes)], 1)
