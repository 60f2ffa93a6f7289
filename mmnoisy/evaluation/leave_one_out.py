"""Average precision for images that were not looked at, estimated on few (pure NumPy).

The AP of a small sample is too high: at the rank of a positive, precision counts the positive
itself as a hit, and a class with one verified picture, present, has an AP of 1 whatever it scores.
Here the precision at the score of a positive is estimated on the other pairs alone. In the mean of
classes (MAP) on a hundred images that takes away an optimism of several points.
"""

from __future__ import annotations

from typing import Optional

import numpy as np

_DRAWS = 128
"""At once: with 50,000 pairs some arrays of 50 MB."""


def leave_one_out_average_precision(
    score: np.ndarray,
    positive: np.ndarray,
    image: np.ndarray,
    counts: np.ndarray,
    group: Optional[np.ndarray] = None,
) -> np.ndarray:
    """AP of every group in every replicate, each positive ranked among the other pairs.

    Of the other pairs that score at least as high as a positive, p are positives and n are not.
    The T - 1 other positives stand for all T, so that the precision there is cp / (cp + n) with
    c = T / (T - 1). Where nothing else scores as high, the pairs of the next score tell.

    Args:
        score: (P,) predicted scores.
        positive: (P,) bool ground truth.
        image: (P,) rows of ``counts``.
        counts: (N, B) how often each image was drawn; a pair counts as often as its image.
        group: (P,) integers from 0, for example class ids; None for a single group.

    Returns:
        (G, B) values in [0, 1], G being the largest group plus one; NaN where fewer than two
        positives of the group were drawn, one of which tells nothing of the other.
    """
    if not len(score):
        return np.empty((0, counts.shape[1]))
    if group is None:
        group = np.zeros(len(score), np.int64)
    order = np.lexsort((-score, group))
    begins = np.searchsorted(group[order], np.arange(int(group.max()) + 2))
    found = np.full((len(begins) - 1, counts.shape[1]), np.nan)
    for k, (begin, end) in enumerate(zip(begins, begins[1:])):
        here = order[begin:end]
        if np.count_nonzero(positive[here]) < 2:
            continue
        new_rank = np.append(score[here][1:] != score[here][:-1], True)
        for left in range(0, counts.shape[1], _DRAWS):
            drawn = slice(left, left + _DRAWS)
            weight = counts[image[here], drawn].astype(np.float64)
            found[k, drawn] = _of_group(weight, positive[here], np.flatnonzero(new_rank))
    return found


def _of_group(weight: np.ndarray, positive: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The same for one group, best score first.

    Args:
        weight: (P, B) of the pairs.
        positive: (P,) bool.
        last: (R,) the last pair of each rank.
    """
    all_above = np.cumsum(weight, axis=0)[last]
    positives_above = np.cumsum(weight * positive[:, None], axis=0)[last]
    which = np.flatnonzero(positive)
    own, rank = weight[which], np.searchsorted(last, which)
    # Nothing else scores as high for one positive at most, the first that was drawn.
    first = all_above[np.argmax(all_above > 0, axis=0), np.arange(all_above.shape[1])]
    following = np.argmax(all_above > first, axis=0)
    place = np.where(all_above[rank] > own, rank[:, None], following)
    others = np.take_along_axis(positives_above, place, axis=0) - own
    negatives = np.take_along_axis(all_above - positives_above, place, axis=0)
    total = own.sum(0)
    rest = total - own
    scaled = others * np.divide(total, rest, out=np.zeros_like(own), where=rest > 0)
    retrieved = scaled + negatives
    precision = np.divide(scaled, retrieved, out=np.zeros_like(own), where=retrieved > 0)
    mean = np.divide((own * precision).sum(0), total, out=np.zeros_like(total), where=total > 0)
    return np.where(((own > 0) & (rest > 0)).any(0), mean, np.nan)
