"""In which order to ask a human about labels (pure NumPy)."""

from __future__ import annotations

import heapq
from typing import List

import numpy as np

SHARES = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Of a class in a queue, to choose from."""


def expected_value(wrong: np.ndarray, score: np.ndarray) -> np.ndarray:
    """What asking about a label is worth: the chance that it is wrong times its influence.

    The influence of a label on the classifier is the gradient of its cross-entropy (Eq. 3) with
    respect to the output, |h - 1|: a label that the classifier already agrees with moves nothing.

    Args:
        wrong: (P,) probability that the label is wrong.
        score: h, (P,) the classifier's probability of the label.

    Returns:
        (P,) values in [0, 1].
    """
    return wrong * (1 - score)


def diversified(value: np.ndarray, label: np.ndarray, size: int, share: float) -> np.ndarray:
    """The best pairs first, but as far as others are left no class takes more than a share.

    Among the first m pairs are at most 1 + share * (m - 1) of a class; each place goes to the
    most valuable pair that this allows, or to the most valuable of all where it allows none.

    Args:
        value: (P,) what a pair is worth.
        label: (P,) its class.
        size: length of the queue.
        share: in (0, 1]; 1 for the plain order. It is at least :func:`fair_share`.

    Returns:
        (n,) positions of pairs, n the smaller of ``size`` and P; of equal values the first
        comes first.
    """
    share = max(share, fair_share(label))
    order = np.argsort(-value, kind='stable')
    rank = rank_within(label[order])
    # The r-th pair of a class may come when share * place reaches r.
    place = np.ceil(np.round(rank / share, 6)).astype(np.int64)
    arrival = np.argsort(place, kind='stable')
    arrival = arrival[: np.searchsorted(place[arrival], size)]
    taken = np.zeros(len(order), bool)
    queue: List[int] = []
    waiting: List[int] = []
    next_arrival = first_left = 0
    while len(queue) < min(size, len(order)):
        while next_arrival < len(arrival) and place[arrival[next_arrival]] <= len(queue):
            if not taken[arrival[next_arrival]]:
                heapq.heappush(waiting, int(arrival[next_arrival]))
            next_arrival += 1
        while taken[first_left]:
            first_left += 1
        best = heapq.heappop(waiting) if waiting else first_left
        taken[best] = True
        queue.append(int(order[best]))
    return np.array(queue, np.int64)


def best_share(value: np.ndarray, label: np.ndarray, wrong: np.ndarray, size: int) -> float:
    """The share of a class with which a queue finds most errors, of equal ones the smallest.

    Args:
        value: (P,) what a pair is worth.
        label: (P,) its class.
        wrong: (P,) bool, by verdicts that ``value`` does not know.
        size: length of the queue.

    Returns:
        One of :data:`SHARES`.
    """
    return max(SHARES, key=lambda share: wrong[diversified(value, label, size, share)].sum())


def fair_share(label: np.ndarray) -> float:
    """The share of each class if all classes (P,) that there are had the same."""
    return 1 / max(int(np.count_nonzero(np.bincount(label))), 1)


def rank_within(group: np.ndarray) -> np.ndarray:
    """(P,) how many earlier elements of (P,) are equal to each."""
    order = np.argsort(group, kind='stable')
    ordered = group[order]
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered)
    return rank


def errors_found(order: np.ndarray, wrong: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """How many wrong labels are among the first so many of an order.

    Args:
        order: (n,) positions of labels.
        wrong: (P,) bool, by verdicts.
        budgets: (k,) numbers of labels asked about.

    Returns:
        (k,) numbers of errors.
    """
    found = np.append(0, np.cumsum(wrong[order]))
    return found[np.minimum(budgets, len(order))]
