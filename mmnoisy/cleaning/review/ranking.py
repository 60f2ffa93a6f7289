"""In which order to ask a human about labels (pure NumPy)."""

from __future__ import annotations

import heapq
from typing import List

import numpy as np


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
    """The best pairs first, but no class ever holds more than a share of the queue.

    Among the first m pairs are at most 1 + share * (m - 1) of a class; each place goes to the
    most valuable pair that this allows. Where every class has had its share, the queue ends.

    Args:
        value: (P,) what a pair is worth.
        label: (P,) its class.
        size: length of the queue.
        share: in (0, 1]; 1 for the plain order.

    Returns:
        (n,) positions of pairs, n <= ``size``; of equal values the first comes first.
    """
    order = np.argsort(-value, kind='stable')
    rank = rank_within(label[order])
    # The r-th pair of a class may come when share * place reaches r.
    place = np.ceil(np.round(rank / share, 6)).astype(np.int64)
    order, place = order[place < size], place[place < size]
    arrival = np.argsort(place, kind='stable')
    queue: List[int] = []
    waiting: List[int] = []
    next_arrival = 0
    while len(queue) < size:
        while next_arrival < len(arrival) and place[arrival[next_arrival]] <= len(queue):
            heapq.heappush(waiting, int(arrival[next_arrival]))
            next_arrival += 1
        if not waiting:
            break
        queue.append(int(order[heapq.heappop(waiting)]))
    return np.array(queue, np.int64)


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
