"""What a score would be on other test images: the bootstrap over images (pure NumPy).

A replicate draws as many images as there are, with replacement. It is kept as how often it drew
each image, so that nothing is sorted or scored anew: a pair weighs as much as its image. Scores of
the same replicates are paired, replicate by replicate.

`Efron and Tibshirani, An Introduction to the Bootstrap <https://doi.org/10.1201/9780429246593>`_.
"""

from __future__ import annotations

from typing import Optional

import numpy as np

REPLICATES = 1000
_ROWS = 128
"""Pairs at once: with 1,000 replicates they stay in the cache of a core."""


def image_counts(num_images: int, replicates: int = REPLICATES, seed: int = 0) -> np.ndarray:
    """How often each replicate draws each image, (N, B) uint8; a column sums to N."""
    drawn = np.random.default_rng(seed).integers(num_images, size=(replicates, num_images))
    counts = np.empty((num_images, replicates), np.uint8)
    for replicate, images in enumerate(drawn):
        counts[:, replicate] = np.bincount(images, minlength=num_images)
    return counts


def bootstrap_average_precision(
    score: np.ndarray,
    positive: np.ndarray,
    image: np.ndarray,
    counts: np.ndarray,
    group: Optional[np.ndarray] = None,
) -> np.ndarray:
    """AP of every group in every replicate, as :func:`average_precision` of the drawn images.

    Args:
        score: (P,) predicted scores.
        positive: (P,) bool ground truth.
        image: (P,) rows of ``counts``.
        counts: (N, B) how often each image was drawn.
        group: (P,) integers from 0, for example class ids; None for a single group.

    Returns:
        (G, B) values in [0, 1], G being the largest group plus one; NaN where no positive of the
        group was drawn.
    """
    if not len(score):
        return np.empty((0, counts.shape[1]))
    if group is None:
        group = np.zeros(len(score), np.int64)
    order = np.lexsort((-score, group))
    score, positive, image, group = score[order], positive[order], image[order], group[order]
    new_group = np.append(True, group[1:] != group[:-1])
    new_rank = new_group | np.append(True, score[1:] != score[:-1])
    ends = np.append(np.flatnonzero(new_rank)[1:], len(score))  # of the pairs that share a rank
    end_of = ends[np.cumsum(new_rank) - 1]
    num_found = np.cumsum(positive)

    summed, total = np.zeros((2, int(group[-1]) + 1, counts.shape[1]))
    # Sums of counts are exact up to 2 ** 24 in single precision.
    exact = np.float32 if len(score) < 2**23 else np.float64
    drawn_above = found_above = np.zeros(counts.shape[1], exact)
    begin = 0
    while begin < len(score):
        # Pairs that share a rank stay together.
        end = int(ends[min(int(np.searchsorted(ends, begin + _ROWS)), len(ends) - 1)])
        here = slice(begin, end)
        drawn = counts[image[here]].astype(exact)
        which = np.flatnonzero(positive[here])
        weight = drawn[which]
        first = new_group[here]
        drawn = _running_sum(drawn, first, drawn_above)
        drawn_above = drawn[-1].copy()
        if len(which):
            # A group begins for the positives where one has begun since the last of them.
            since = np.append(0, which[:-1] + 1)
            began = np.logical_or.reduceat(first[: which[-1] + 1], since)
            found = _running_sum(weight.copy(), began, found_above)
            found_above = found[-1].copy()
            before = num_found[begin] - positive[begin]
            found = found[num_found[end_of[begin + which] - 1] - before - 1]
            retrieved = drawn[end_of[begin + which] - 1 - begin]
            gained = weight * found / np.maximum(retrieved, 1)
            of_group, starts = np.unique(group[begin + which], return_index=True)
            summed[of_group] += np.add.reduceat(gained, starts)
            total[of_group] += np.add.reduceat(weight, starts)
            first = first[which[-1] + 1 :]
        if first.any():
            found_above = np.zeros_like(found_above)
        begin = end
    return np.divide(summed, total, out=np.full_like(total, np.nan), where=total > 0)


def _running_sum(rows: np.ndarray, begins: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Sums rows (R, B) from above, in place; one that begins a group (R,) starts anew."""
    # Row by row, since np.cumsum along the first axis takes five times as long.
    for row, begins_group in zip(rows, begins):
        if not begins_group:
            np.add(row, above, out=row)
        above = row
    return rows


def bootstrap_sums(
    values: np.ndarray,
    image: np.ndarray,
    counts: np.ndarray,
    group: Optional[np.ndarray] = None,
    num_groups: int = 1,
) -> np.ndarray:
    """The sum of some values, for each group, in every replicate.

    Args:
        values: (P,) numbers.
        image: (P,) rows of ``counts``.
        counts: (N, B) how often each image was drawn.
        group: (P,) integers from 0; None for a single group.
        num_groups: the number of groups, G.

    Returns:
        (G, B) sums.
    """
    num_images, replicates = counts.shape
    cell = image if group is None else group * num_images + image
    by_image = np.bincount(cell, values, num_groups * num_images)
    by_image = by_image.reshape(num_groups, num_images)
    sums = np.empty((num_groups, replicates))
    for begin in range(0, replicates, _ROWS):
        here = slice(begin, begin + _ROWS)
        sums[:, here] = by_image @ counts[:, here].astype(np.float64)
    return sums
