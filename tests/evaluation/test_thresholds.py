"""Against every threshold tried one by one with scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score

from mmnoisy import InputError
from mmnoisy.evaluation.thresholds import choose_thresholds


def some_pairs(seed, num_pairs=100, num_classes=5, digits=2):
    rng = np.random.default_rng(seed)
    class_id = rng.choice(num_classes, num_pairs, p=[0.5, 0.3, 0.15, 0.05, 0])
    present = rng.random(num_pairs) < 0.6
    score = np.clip(rng.normal(0.4 + 0.2 * present - 0.05 * class_id, 0.2), 0, 1).round(digits)
    return score, present, class_id


def one_by_one(score, present, class_id, k, precision, prior, lowest=0):
    """The threshold of a class by scikit-learn, the pairs of all classes having a weight."""
    weight = (class_id == k) + prior / len(score)
    best = 0, 1.0
    for threshold in np.unique(score[score >= lowest]):
        given = score >= threshold
        if precision is None:
            f1 = f1_score(present, given, sample_weight=weight)
            best = max(best, (round(f1, 12), -threshold))
        elif precision_score(present, given, sample_weight=weight) >= precision - 1e-9:
            return threshold
    return -best[1] if precision is None else 1.0


@pytest.mark.parametrize('precision', [None, 0.7, 0.8, 0.9])
@pytest.mark.parametrize('prior', [0.5, 20, 1e4])
def test_every_threshold_tried_one_by_one(precision, prior):
    pairs = some_pairs(seed=int(prior))
    chosen = choose_thresholds(*pairs, 5, precision, prior)
    expected = [one_by_one(*pairs, k, precision, prior) for k in range(5)]
    np.testing.assert_allclose(chosen, expected)


@pytest.mark.parametrize('precision', [None, 0.8])
def test_shrinkage_goes_from_each_class_alone_to_all_together(precision):
    pairs = some_pairs(5)
    together = choose_thresholds(*pairs[:2], np.zeros_like(pairs[2]), 1, precision)[0]
    few, many = (choose_thresholds(*pairs, 5, precision, prior) for prior in (0.01, 1e7))
    assert few[4] == together  # no pair at all
    assert (many == together).all()
    alone = pairs[2] == 0
    own = choose_thresholds(
        pairs[0][alone], pairs[1][alone], np.zeros(alone.sum(), int), 1, precision
    )
    assert few[0] == own[0] != together


def test_a_class_that_never_reaches_the_precision_gets_no_label():
    score = np.array([0.9, 0.8, 0.3, 0.2, 0.95, 0.95, 0.95])
    present = np.array([1, 1, 1, 0, 0, 0, 0], bool)
    class_id = np.array([0, 0, 0, 0, 1, 1, 1])
    assert choose_thresholds(score, present, class_id, 2, 0.42, 0.001).tolist() == [0.2, 1.0]


@pytest.mark.parametrize('precision', [None, 0.8])
def test_absent_pairs_below_the_lowest_threshold_may_be_left_out(precision):
    score, present, class_id = some_pairs(1)
    kept = present | (score >= 0.3)
    assert not kept.all()
    assert present[score < 0.3].any()
    prior = 20 / len(score), 20 / kept.sum()  # the same for every pair
    whole = choose_thresholds(score, present, class_id, 5, precision, 20, 0.3)
    part = (values[kept] for values in (score, present, class_id))
    np.testing.assert_array_equal(
        choose_thresholds(*part, 5, precision, 20 * prior[0] / prior[1], 0.3), whole
    )
    assert whole.min() >= 0.3
    if precision is None:
        expected = one_by_one(score, present, class_id, 0, None, 20, lowest=0.3)
        assert whole[0] == expected


def test_many_scores_are_tried_at_quantiles():
    rng = np.random.default_rng(0)
    score = rng.random(20_000)
    present = rng.random(20_000) < score  # precision from t on: (1 + t) / 2
    chosen = choose_thresholds(score, present, np.zeros(20_000, int), 1, 0.8)
    assert chosen[0] == pytest.approx(0.6, abs=0.03)
    assert chosen[0] in score


def test_refusals():
    score, present, class_id = some_pairs(0)
    with pytest.raises(InputError, match=r'0.999 is reached by no threshold; the best, .* is 0'):
        choose_thresholds(score, score < 0.5, class_id, 5, 0.999)
    with pytest.raises(InputError, match='none of the verified pairs with a score is present'):
        choose_thresholds(score, present & False, class_id, 5)
