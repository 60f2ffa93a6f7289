"""Average precision of many classes at once (pure NumPy)."""

from __future__ import annotations

import numpy as np

from mmnoisy.errors import InputError


def average_precision(
    score: np.ndarray, positive: np.ndarray, group: np.ndarray | None = None
) -> np.ndarray:
    """AP of every group: the mean, over its positives, of the precision at their rank (Eq. 4).

    Pairs with equal scores share a rank, so the order of the pairs has no influence; the result
    is that of :func:`sklearn.metrics.average_precision_score`, group by group.

    Args:
        score: (P,) predicted scores: finite numbers of any type.
        positive: (P,) bool ground truth.
        group: (P,) integers from 0, for example class ids; None for a single group.

    Returns:
        (G,) values in [0, 1], G being the largest group plus one; NaN for a group without a
        positive, where AP is not defined.

    Raises:
        InputError: the arrays are not of one length, or a score is not finite.
    """
    score, positive = np.asarray(score), np.asarray(positive, bool)
    group = np.zeros(score.shape, np.uint8) if group is None else np.asarray(group)
    if score.ndim != 1 or not score.shape == positive.shape == group.shape:
        raise InputError(
            f'scores {score.shape}, truth {positive.shape} and groups {group.shape} do not match; '
            'give one of each for each of P pairs, (P,)'
        )
    if not np.issubdtype(score.dtype, np.floating):
        score = score.astype(np.float64)  # small integers would wrap where they are negated
    unusable = ~np.isfinite(score)
    if unusable.any():
        raise InputError(
            f'{unusable.sum()} of {len(score)} scores are not finite, the first is that of pair '
            f'{unusable.argmax()}; check what predicted them'
        )
    if not len(score):
        return np.empty(0)
    num_groups = int(group.max()) + 1
    # In the smallest type, since integers of at most 16 bits are sorted by radix.
    group = group.astype(np.min_scalar_type(num_groups - 1))
    order = np.lexsort((-score, group))
    score, positive, group = score[order], positive[order], group[order]

    new_rank = (score[1:] != score[:-1]) | (group[1:] != group[:-1])
    last = np.append(np.flatnonzero(new_rank), len(score) - 1)  # of the pairs that share a rank
    begin = np.searchsorted(group, np.arange(num_groups))  # of each group
    group = group[last]

    found = np.cumsum(positive)[last]
    gained = np.diff(found, prepend=0)
    total = np.bincount(group, gained, num_groups)  # positives of each group
    found_here = found - (np.cumsum(total) - total)[group]
    retrieved = last + 1 - begin[group]
    summed = np.bincount(group, gained * found_here / retrieved, num_groups)
    return np.divide(summed, total, out=np.full(num_groups, np.nan), where=total > 0)
