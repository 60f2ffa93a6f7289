import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, precision_recall_curve

from mmnoisy.experiments.report.statistics import (
    accuracy_by_class,
    equal_groups,
    estimate,
    group_means,
    paired_difference,
    precision_recall,
)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=8))
def test_the_interval_is_that_of_the_one_sample_t_test(values):
    found = estimate(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.seeds == len(values)
    if np.std(values) > 1e-6:
        low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert found.mean - found.half_width == pytest.approx(low, abs=1e-9)
        assert found.mean + found.half_width == pytest.approx(high, abs=1e-9)


def test_three_seeds_by_hand():
    # 1, 2, 3: deviation 1, error 1 / sqrt(3), quantile 4.3027 of 2 degrees of freedom
    assert estimate([1, 2, 3]) == pytest.approx((2, 4.302653 / math.sqrt(3), 3), rel=1e-6)


def test_one_seed_has_no_interval_and_none_has_no_mean():
    assert estimate([5.0])[0] == 5
    assert math.isnan(estimate([5.0]).half_width)
    assert math.isnan(estimate([]).mean)
    assert estimate([]).seeds == 0


def test_differences_are_paired_by_seed():
    values, baseline = {0: 10.0, 1: 20.0, 2: 33.0, 7: 99.0}, {2: 30.0, 1: 19.0, 0: 8.0, 4: 0.0}
    found = paired_difference(values, baseline)
    low, high = stats.ttest_rel([10, 20, 33], [8, 19, 30]).confidence_interval(0.95)
    assert found == pytest.approx((2, (high - low) / 2, 3))
    assert paired_difference(values, {}).seeds == 0


@given(st.lists(st.one_of(st.integers(0, 5), st.just(math.nan)), max_size=40), st.integers(1, 12))
def test_groups_are_equally_large_and_in_order(values, number):
    values = np.array(values, float)
    groups = equal_groups(values, number)
    known = np.flatnonzero(~np.isnan(values))
    joined = np.concatenate([[], *groups]).astype(int)
    assert joined.tolist() == sorted(known, key=lambda k: (values[k], k))
    assert len(groups) == min(number, len(known))
    sizes = [len(group) for group in groups]
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_means_of_groups_leave_out_the_unknown():
    values = np.array([1, 3, math.nan, math.nan])
    found = group_means(values, [np.array([0, 1, 2]), np.array([3]), np.array([1])])
    assert np.array_equal(found, [2, math.nan, 3], equal_nan=True)


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=30))
def test_the_curve_is_that_of_scikit_learn(pairs):
    score, positive = (np.array(column) for column in zip(*pairs))
    positive[0] = True
    recall, precision = precision_recall(score, positive)
    # Theirs begins at full recall and ends with a point of its own.
    their_precision, their_recall, _ = precision_recall_curve(
        positive, score, drop_intermediate=False
    )
    assert recall == pytest.approx(their_recall[-2::-1])
    assert precision == pytest.approx(their_precision[-2::-1])


def test_accuracy_by_class_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    label, present = rng.random((2, 200)) < 0.6
    class_id = rng.integers(7, size=200)
    found = accuracy_by_class(label, present, class_id, 9)
    for k in range(7):
        here = class_id == k
        right, pairs = found[k]
        assert pairs == here.sum()
        assert right / pairs == pytest.approx(accuracy_score(present[here], label[here]))
    assert not found[7:].any()
