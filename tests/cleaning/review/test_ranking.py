"""The order of a queue: by hand, and against a slow search for the best that is allowed."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmnoisy.cleaning.pairs import PAIR
from mmnoisy.cleaning.review.queue import best_labels
from mmnoisy.cleaning.review.ranking import (
    best_share,
    diversified,
    errors_found,
    expected_value,
    rank_within,
)


def test_by_hand():
    value = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    label = np.array([0, 0, 0, 1, 2])
    assert diversified(value, label, 5, 1.0).tolist() == [0, 1, 2, 3, 4]
    assert diversified(value, label, 3, 1.0).tolist() == [0, 1, 2]
    assert diversified(value, label, 5, 0.5).tolist() == [0, 3, 1, 4, 2]
    # Three classes have a third each; the last one has no other left beside it.
    assert diversified(value, label, 5, 0.2).tolist() == [0, 3, 4, 1, 2]
    assert expected_value(np.array([0.5, 1]), np.array([0.2, 1])).tolist() == [0.4, 0]


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 1.0]))
def test_each_place_goes_to_the_best_pair_that_is_allowed(seed, share):
    rng = np.random.default_rng(seed)
    value = rng.integers(0, 5, 20) / 5
    label = rng.integers(0, 4, 20)
    cap = max(share, 1 / len({*label}))
    queue = diversified(value, label, 12, share).tolist()
    assert len({*queue}) == len(queue)
    so_far = Counter()
    for place in range(12):
        allowed = [
            i
            for i in range(20)
            if i not in queue[:place] and so_far[label[i]] <= cap * place + 1e-6
        ] or [i for i in range(20) if i not in queue[:place]]
        assert queue[place] == min(allowed, key=lambda i: (-value[i], i))
        so_far[label[queue[place]]] += 1
    assert len(queue) == 12


def test_the_share_is_the_smallest_that_finds_most_errors():
    """Class 0 alone has errors, and the highest values; classes 1 to 39 have two pairs each."""
    label = np.concatenate([np.zeros(100, int), np.repeat(np.arange(1, 40), 2)])
    value = np.linspace(1, 0, len(label))
    wrong = label == 0
    assert best_share(value, label, wrong, 100) == 1.0
    assert best_share(value, label, ~wrong, 78) == 0.05
    assert best_share(value, label, np.zeros(len(label), bool), 78) == 0.05
    half = np.where(label == 0, np.arange(len(label)) < 20, label % 2 == 1)
    found = {
        share: half[diversified(value, label, 40, share)].sum()
        for share in (0.05, 0.1, 0.2, 0.5, 1.0)
    }
    assert found[best_share(value, label, half, 40)] == max(found.values())


def test_a_queue_is_always_filled():
    label = np.repeat(np.arange(39), 20)
    value = np.random.default_rng(0).random(len(label))
    queue = diversified(value, label, 100, 0.02)
    assert len({*queue.tolist()}) == 100
    assert len(diversified(value[:30], np.zeros(30, int), 100, 0.02)) == 30


def test_a_queue_of_blocks_is_that_of_all_at_once():
    rng = np.random.default_rng(1)
    pairs = np.zeros(300, PAIR)
    pairs['label'], pairs['score'] = rng.integers(7, size=300) // 3, rng.random(300)
    pairs['image'] = np.tile(np.arange(50), 6)
    blocks = [part.copy() for part in np.split(pairs, 6)]
    queue = best_labels(blocks, 50, lambda some: np.ones(len(some)), 90, 0.1)
    wanted = diversified(1 - pairs['score'].astype(float), pairs['label'], 90, 0.1)
    assert len(queue.pairs) == 90
    np.testing.assert_array_equal(queue.pairs['score'], pairs['score'][wanted])


def test_rank_within():
    assert rank_within(np.array([3, 1, 3, 3, 1])).tolist() == [0, 0, 1, 2, 1]


def test_errors_found():
    wrong = np.array([True, False, True, False])
    found = errors_found(np.array([2, 1, 0]), wrong, np.array([0, 1, 2, 3, 9]))
    assert found.tolist() == [0, 1, 1, 2, 2]
