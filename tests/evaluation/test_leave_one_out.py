"""AP of few images against a slow version, by hand, and without its optimism."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmnoisy.evaluation.average_precision import average_precision
from mmnoisy.evaluation.leave_one_out import leave_one_out_average_precision


def slow(score, positive, weight):
    """The definition, pair by pair."""
    total = sum(weight[positive])
    drawn = np.flatnonzero(positive & (weight > 0))
    if len(drawn) < 2:
        return np.nan
    summed = 0.0
    for one in drawn:
        others = np.arange(len(score)) != one
        for threshold in sorted(score[score <= score[one]], reverse=True):
            above = others & (score >= threshold)
            if weight[above].sum():
                break
        hits = weight[above & positive].sum() * total / (total - weight[one])
        summed += weight[one] * hits / (hits + weight[above & ~positive].sum())
    return summed / total


def ap(score, positive):
    ones = np.ones((len(score), 1), np.uint8)
    return leave_one_out_average_precision(score, positive, np.arange(len(score)), ones)[0, 0]


@pytest.mark.parametrize(
    'positive, value',
    [
        # The first positive: the next pair is one. The second: 1 other of 2, times 2 / 1.
        ([1, 1, 0], (1 + 1) / 2),
        ([1, 0, 1], (0 + 2 / 3) / 2),  # the second: 2 * 1 hits beside 1 miss
        ([0, 1, 1], (0 + 2 / 3) / 2),
        ([0, 1, 1, 1], (0 + 1.5 / 2.5 + 3 / 4) / 3),
    ],
)
def test_by_hand(positive, value):
    positive = np.array(positive, bool)
    assert ap(-np.arange(len(positive)), positive) == pytest.approx(value)


def test_pairs_of_a_score_share_their_rank():
    # Each positive has the other one and a negative beside it: 2 * 1 hits, 1 miss.
    assert ap(np.zeros(3), np.array([True, False, True])) == pytest.approx(2 / 3)


@pytest.mark.parametrize('positive', [[0, 0, 0], [0, 1, 0]])
def test_fewer_than_two_positives_tell_nothing(positive):
    assert np.isnan(ap(np.arange(3.0), np.array(positive, bool)))


@settings(deadline=None)
@given(st.data())
def test_equals_the_slow_version(data):
    size = data.draw(st.integers(1, 12))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    score, positive = rng.integers(5, size=size) / 4, rng.random(size) < 0.6
    image, group = rng.integers(4, size=size), rng.integers(3, size=size)
    counts = rng.integers(3, size=(4, 5)).astype(np.uint8)
    found = leave_one_out_average_precision(score, positive, image, counts, group)
    assert found.shape == (group.max() + 1, 5)
    for k in range(len(found)):
        here = group == k
        for b in range(5):
            expected = slow(score[here], positive[here], counts[image[here], b].astype(float))
            np.testing.assert_allclose(found[k, b], expected)


def test_a_score_that_tells_nothing_is_hardly_overrated():
    """Over all orders of 3 positives among 8 pairs the precision expected is 3 / 8."""
    orders = [np.isin(np.arange(8), chosen) for chosen in combinations(range(8), 3)]
    score = -np.arange(8.0)
    optimism = np.mean([average_precision(score, order)[0] for order in orders]) - 3 / 8
    left = np.mean([ap(score, order) for order in orders]) - 3 / 8
    assert abs(left) < optimism / 3


def test_draws_are_done_in_blocks():
    rng = np.random.default_rng(0)
    score, positive = rng.random(30), rng.random(30) < 0.5
    counts = rng.integers(3, size=(30, 300)).astype(np.uint8)
    found = leave_one_out_average_precision(score, positive, np.arange(30), counts)
    for b in (0, 127, 128, 299):
        one = leave_one_out_average_precision(score, positive, np.arange(30), counts[:, [b]])
        assert found[0, b] == pytest.approx(one[0, 0])


def test_nothing_is_nothing():
    empty = np.empty(0)
    found = leave_one_out_average_precision(empty, empty > 0, empty.astype(int), np.ones((3, 2)))
    assert found.shape == (0, 2)
