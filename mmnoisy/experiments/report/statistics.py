"""Means with intervals, groups of classes, precision-recall (pure arrays)."""

from __future__ import annotations

import math
from typing import List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A mean over seeds."""

    mean: float
    """NaN where nothing was measured."""
    half_width: float
    """Half of the 95 % confidence interval; NaN where nothing is known of it."""
    seeds: int
    """How many."""


def estimate(values: Sequence[float], replicates: Optional[np.ndarray] = None) -> Estimate:
    """The mean over seeds and its 95 % interval.

    Two things that are drawn by chance add up: the seeds, by Student's t distribution of the
    values, and the test images, by the deviation of the mean over seeds in a bootstrap. The
    half-width is the root of the sum of the squares of both; a single seed has the second alone.

    Args:
        values: S, one for each seed.
        replicates: (S, B) the values of each seed on B drawn sets of test images; None where
            these are not known, and the interval is that of the seeds alone.
    """
    count = len(values)
    if not count:
        return Estimate(math.nan, math.nan, 0)
    parts = []
    if count > 1:
        error = float(np.std(values, ddof=1)) / math.sqrt(count)
        parts.append(float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * error)
    if replicates is not None:
        means = np.mean(replicates, axis=0)
        means = means[~np.isnan(means)]  # no positive was drawn
        if len(means) > 1:
            quantile = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
            parts.append(quantile * float(np.std(means, ddof=1)))
    return Estimate(float(np.mean(values)), math.hypot(*parts) if parts else math.nan, count)


def paired_difference(
    values: Mapping[int, float],
    baseline: Mapping[int, float],
    replicates: Optional[Mapping[int, np.ndarray]] = None,
    of_baseline: Optional[Mapping[int, np.ndarray]] = None,
) -> Estimate:
    """The mean difference to the baseline and its interval, over the seeds that both have.

    Args:
        values: by seed.
        baseline: by seed.
        replicates: (B,) by seed, of ``values``, see :func:`estimate`.
        of_baseline: (B,) by seed, on the same images.
    """
    seeds = sorted({*values} & {*baseline})
    differences = [values[seed] - baseline[seed] for seed in seeds]
    if replicates is None or of_baseline is None or not seeds:
        return estimate(differences)
    return estimate(differences, np.stack([replicates[seed] - of_baseline[seed] for seed in seeds]))


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
