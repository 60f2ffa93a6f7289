"""Average precision of many classes at once (pure NumPy)."""

from __future__ import annotations

import numpy as np


def average_precision(
    score: np.ndarray, positive: np.ndarray, group: np.ndarray | None = None
) -> np.ndarray:
    """AP of every group: the mean, over its positives, of the precision at their rank (Eq. 4).

    Pairs with equal scores share a rank, so the order of the pairs has no influence; the result
    is that of :func:`sklearn.metrics.average_precision_score`, group by group.

    Args:
        score: (P,) predicted scores.
        positive: (P,) bool ground truth.
        group: (P,) integers from 0, for example class ids; None for a single group.

    Returns:
        (G,) values in [0, 1], G being the largest group plus one; NaN for a group without a
        positive, where AP is not defined.
    """
    if group is None:
        group = np.zeros(len(score), np.int64)
    num_groups = int(group.max(initial=-1)) + 1
    if not num_groups:
        return np.empty(0)
    order = np.lexsort((-score, group))
    score, positive, group = score[order], positive[order], group[order]

    begins = np.flatnonzero(np.diff(group, prepend=-1))  # of each group that is there
    new_rank = np.diff(score, prepend=np.nan) != 0
    new_rank[begins] = True
    ranks = np.flatnonzero(new_rank)
    last = np.append(ranks[1:], len(score)) - 1  # of the pairs that share a rank

    found = np.cumsum(positive)
    before = np.append(0, found)[begins]  # positives of earlier groups
    which = np.searchsorted(begins, last, side='right') - 1
    found_here = found[last] - before[which]
    retrieved = last - begins[which] + 1
    gained = np.diff(np.append(0, found[last]))

    total = np.bincount(group, weights=positive, minlength=num_groups)
    summed = np.bincount(group[last], gained * found_here / retrieved, num_groups)
    return np.divide(summed, total, out=np.full(num_groups, np.nan), where=total > 0)
