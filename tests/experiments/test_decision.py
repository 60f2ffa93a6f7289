"""Which method a few verdicts speak for, against cases worked by hand and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from mmnoisy.experiments.decision import (
    Pairs,
    averaged,
    decide,
    draws,
    interval,
    scored,
    scored_by_part,
    share_right,
    surely_behind,
)


def values(**of_methods):
    return {name: np.array(numbers, float) for name, numbers in of_methods.items()}


def test_the_best_where_the_difference_is_more_than_its_standard_error():
    # differences 2, and in the draws 1 and 3: a standard error of 1
    found = decide(values(simple=[10, 9, 11], best=[12, 10, 14]))
    assert (found.chosen, found.best) == ('best', 'best')
    assert found.behind['simple'][0] == 2
    assert found.behind['best'] == (0, 0, 0)


def test_the_simplest_where_it_is_within_a_standard_error():
    # differences 1, and in the draws -1 and 3: a standard error of 2
    found = decide(values(bad=[2, 2, 2], simple=[10, 9, 11], middle=[10, 9, 11], best=[11, 8, 14]))
    assert (found.chosen, found.best) == ('simple', 'best')


def test_differences_are_paired():
    """Both vary much, and one is always ahead."""
    swing = np.array([0, -20, 20, -10, 10])
    found = values(simple=50 + swing, best=51 + swing)
    assert decide(found).chosen == 'best'
    assert surely_behind(found) == ['simple']
    assert surely_behind(values(simple=[10, 9, 13], best=[11, 8, 14])) == []


def test_the_simplest_of_those_within_noise():
    found = values(far=[1, 1, 1], simple=[10, 9, 11], clean=[10, 8, 12], best=[11, 8, 14])
    assert decide(found).chosen == 'simple'


def test_equal_methods():
    assert decide(values(a=[1, 1, 1], b=[1, 1, 1])).chosen == 'a'


def test_draws_count_every_image_once_at_first():
    counts = draws(7, 30)
    assert counts.shape == (7, 31)
    assert (counts[:, 0] == 1).all()
    assert (counts.sum(0) == 7).all()


@given(st.integers(0, 10**6))
def test_scores_are_those_of_the_drawn_images(seed):
    rng = np.random.default_rng(seed)
    image = np.sort(rng.integers(6, size=30))
    pairs = Pairs(image, rng.integers(3, size=30), rng.random(30) < 0.5, rng.random(30) < 0.5)
    score, counts = rng.random(30).round(1), draws(6, 4)
    found = scored(score, pairs, counts)
    right = share_right(pairs.present.astype(float), pairs, counts)
    for draw in range(counts.shape[1]):
        row = np.repeat(np.arange(30), counts[image, draw])
        present, label, value = pairs.present[row], pairs.label[row], score[row]
        if not present.any():
            assert np.isnan(found.AP_all[draw])
            continue
        expected = 100 * average_precision_score(present, value)
        assert found.AP_all[draw] == pytest.approx(expected)
        by_class = [
            average_precision_score(present[label == k], value[label == k])
            for k in range(3)
            if present[label == k].any()
        ]
        assert found.MAP[draw] == pytest.approx(100 * np.mean(by_class))
        noisy = pairs.noisy[row]
        if noisy.any():
            assert right[draw] == pytest.approx(100 * present[noisy].mean())


def test_the_mean_decides():
    one = scored(*_two_pairs())
    np.testing.assert_array_equal(one.mean, (one.AP_all + one.MAP) / 2)
    np.testing.assert_array_equal(averaged([one, one]).MAP, one.MAP)


def test_scores_of_different_models_are_not_compared():
    """Within each part the order is right, and of all pairs it is not."""
    present = np.array([True, False, True, False])
    pairs = Pairs(np.arange(4), np.zeros(4, int), present, np.ones(4, bool))
    score, part = np.array([0.9, 0.8, 0.2, 0.1]), np.array([0, 0, 1, 1])
    counts = draws(4, 5)
    assert scored(score, pairs, counts).AP_all[0] < 100
    assert scored_by_part(score, pairs, counts, part).AP_all[0] == 100
    score[2:] = np.nan  # one part is not scored
    assert scored_by_part(score, pairs, counts, part).MAP[0] == 100


def _two_pairs():
    pairs = Pairs(np.arange(2), np.zeros(2, int), np.array([True, False]), np.ones(2, bool))
    return np.array([0.9, 0.1]), pairs, draws(2, 10)


def test_intervals_leave_out_draws_without_a_value():
    assert interval(np.array([5, 1, 3, np.nan])) == pytest.approx((5, 5 - 1.96, 5 + 1.96), abs=1e-4)
    assert np.isnan(interval(np.array([1, np.nan]))[1])


def test_no_rated_label():
    pairs = Pairs(np.arange(2), np.zeros(2, int), np.ones(2, bool), np.zeros(2, bool))
    assert np.isnan(share_right(np.ones(2), pairs, draws(2, 3))).all()
