"""Against scikit-learn, NumPy and slow, obvious versions."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from mmnoisy import InputError
from mmnoisy.evaluation.bootstrap import image_counts
from mmnoisy.evaluation.calibration import (
    MIN_STEP,
    bootstrap_calibration_error,
    fit_isotonic,
    fit_temperature,
    interpolate,
    reliability,
    temper,
)


def pairs(temperature=2.5, n=3000, seed=0):
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 2, n)
    present = rng.random(n) < 1 / (1 + np.exp(-logit / temperature))
    return (1 / (1 + np.exp(-logit))).astype(np.float32), present


def test_temperature_is_a_logistic_regression_without_intercept():
    score, present = pairs()
    logit = np.log(score / (1 - score.astype(float)))[:, None]
    regression = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10)
    slope = regression.fit(logit, present).coef_.item()
    temperature = fit_temperature(score, present)
    assert temperature == pytest.approx(1 / slope, rel=1e-4)
    assert temperature == pytest.approx(2.5, abs=0.3)
    expected = regression.predict_proba(logit)[:, 1]
    tempered = temper(torch.from_numpy(score), temperature)
    np.testing.assert_allclose(tempered, expected, atol=1e-5)


def test_temperature_without_an_optimum_stays_within_bounds():
    score = np.array([0.2, 0.8])
    assert fit_temperature(score, np.array([False, True])) == pytest.approx(0.01, rel=1e-3)
    assert fit_temperature(score, np.array([True, False])) == pytest.approx(100, rel=1e-3)


def pool_adjacent_violators(score, present):
    """Blocks of pairs, two of them merged as long as the first one has the higher mean."""
    blocks = [([s], [p]) for s, p in sorted(zip(score.tolist(), present.tolist()))]
    k = 0
    while k + 1 < len(blocks):
        if np.mean(blocks[k][1]) >= np.mean(blocks[k + 1][1]):
            blocks[k : k + 2] = [tuple(a + b for a, b in zip(*blocks[k : k + 2]))]
            k = max(k - 1, 0)
        else:
            k += 1
    return np.array([[np.mean(s), np.mean(p)] for s, p in blocks]).T


def test_isotonic_knots_are_the_middles_of_pooled_blocks():
    for seed in range(3):
        score, present = pairs(n=120, seed=seed)
        knots, probability = fit_isotonic(score, present)
        expected = pool_adjacent_violators(score, present)
        assert len(knots) > 4
        if expected[1, 0] == 0:
            expected[0, 0] = 0
        else:
            expected = np.insert(expected, 0, 0, axis=1)
        np.testing.assert_allclose([knots, probability], expected, rtol=1e-6)


def test_isotonic_knots_keep_their_distance():
    score = np.array([0.5, 0.50001, 0.50002, 0.9])
    knots, probability = fit_isotonic(score, np.array([False, False, True, True]))
    assert (np.diff(knots) >= MIN_STEP).all()
    assert (knots[0], probability[0]) == (0, 0)


def test_isotonic_regression_keeps_the_order_of_low_scores():
    score = np.array([0.2, 0.3, 0.6, 0.7, 0.8])
    for first in (False, True):
        present = np.array([first, False, True, False, True])
        knots, probability = (torch.from_numpy(x) for x in fit_isotonic(score, present))
        low = interpolate(
            torch.tensor([0, 0.05, 0.1, 0.15], dtype=torch.float64), knots, probability
        )
        assert low[0] == 0
        assert (low.diff() > 0).all()


def test_isotonic_regression_needs_scores_that_tell_something():
    with pytest.raises(InputError, match='do not rise with the scores'):
        fit_isotonic(np.array([0.1, 0.9]), np.array([True, False]))


@given(st.lists(st.floats(0, 1, width=32), min_size=1), st.integers(2, 9), st.integers(0, 99))
def test_interpolation_is_that_of_numpy(score, num_knots, seed):
    rng = np.random.default_rng(seed)
    knots, probability = (np.sort(rng.random(num_knots)).astype(np.float32) for _ in range(2))
    if np.diff(knots).min() < 1e-3:
        return
    found = interpolate(torch.tensor(score), torch.tensor(knots), torch.tensor(probability))
    np.testing.assert_allclose(found, np.interp(score, knots, probability), atol=2e-5)


def test_reliability_is_that_of_scikit_learn():
    score, present = pairs()
    found = reliability(score, present, bins=10)
    observed, predicted = calibration_curve(present, score, n_bins=10)
    np.testing.assert_allclose(found.observed, observed)
    np.testing.assert_allclose(found.predicted, predicted, rtol=1e-5)
    slow = 0.0
    for k in range(10):
        inside = [i for i in range(len(score)) if k == min(int(score[i] * 10), 9)]
        slow += abs(score[inside].astype(float).sum() - present[inside].sum()) / len(score)
    assert found.error == pytest.approx(slow, rel=1e-5)


def test_reliability_leaves_empty_bins_out():
    found = reliability(np.array([0.0, 0.05, 1.0]), np.array([False, True, True]), bins=10)
    assert found.pairs.tolist() == [2, 1]
    assert found.error == pytest.approx((2 * abs(0.025 - 0.5) + 0) / 3)


def test_the_calibration_error_of_drawn_images_is_that_of_repeated_ones():
    rng = np.random.default_rng(3)
    probability, image = rng.random(300), rng.integers(40, size=300)
    present = rng.random(300) < probability**2
    counts = image_counts(40, 20)
    found = bootstrap_calibration_error(probability, present, image, counts)
    for b in range(20):
        pairs = np.repeat(np.arange(300), counts[image, b])
        assert found[b] == pytest.approx(reliability(probability[pairs], present[pairs]).error)
