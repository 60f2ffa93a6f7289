"""Probabilities that labels are wrong, learned from verdicts, and comparisons of orders."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mmnoisy import InputError
from mmnoisy.cleaning.pairs import PAIR, match_verdicts
from mmnoisy.cleaning.review.comparison import cleanlab_orders, compare_orders
from mmnoisy.cleaning.review.error_model import ErrorModel, cross_fitted
from mmnoisy.datasets.csr import Csr


def labels(seed=0, size=2000):
    """Labels that are wrong with a probability known from their scores and their class."""
    rng = np.random.default_rng(seed)
    pairs = np.zeros(size, PAIR)
    pairs['image'] = np.sort(rng.integers(size // 4, size=size))
    pairs['label'] = np.concatenate([rng.permutation(20) for _ in range(size // 20)])
    pairs['before'] = rng.integers(5, 11, size) / 10
    logit = rng.normal(size=size) * 1.5
    pairs['raw'] = logit / 4 + 0.5
    pairs['score'] = 1 / (1 + np.exp(-logit))
    chance = 1 / (1 + np.exp(logit + (pairs['label'] % 5 - 2.0)))
    return pairs, chance, rng.random(size) < chance


def test_probabilities_are_those_the_verdicts_were_drawn_from():
    pairs, _, wrong = labels()
    fresh, chance, _ = labels(seed=1)
    probability = ErrorModel(pairs, wrong)(fresh)
    assert np.abs(probability - chance).mean() < 0.05
    # The classes matter here, and the scores alone do not know them.
    assert roc_auc_score(chance > 0.5, probability) > roc_auc_score(chance > 0.5, -fresh['raw'])


def test_a_verdict_has_no_part_in_its_own_prediction():
    pairs, _, wrong = labels()
    fold = np.arange(len(pairs)) % 4
    before = cross_fitted(pairs, wrong, fold)
    changed = np.where(fold == 2, ~wrong, wrong)
    after = cross_fitted(pairs, changed, fold)
    np.testing.assert_array_equal(before[fold == 2], after[fold == 2])
    assert not np.allclose(before[fold == 1], after[fold == 1])


def test_classes_that_nobody_rated_and_no_labels_at_all():
    pairs, _, wrong = labels()
    model = ErrorModel(pairs, wrong)
    fresh = pairs[:5].copy()
    fresh['label'] = 999
    assert np.isfinite(model(fresh)).all()
    assert model(pairs[:0]).shape == (0,)
    with pytest.raises(InputError, match='all say the same'):
        ErrorModel(pairs, np.zeros(len(pairs), bool))
    with pytest.raises(InputError, match='none is on a machine label'):
        ErrorModel(pairs[:0], np.zeros(0, bool))


def test_verdicts_are_matched_pair_by_pair():
    verdicts = Csr(np.array([0, 2, 2, 3]), np.array([1, 4, 0]), np.array([True, False, False]))
    pairs = np.zeros(5, PAIR)
    pairs['image'], pairs['label'] = [0, 0, 1, 2, 2], [4, 1, 1, 0, 4]
    rated, wrong = match_verdicts(pairs, verdicts, 5)
    assert rated.tolist() == [True, True, False, True, False]
    assert wrong.tolist() == [True, False, False, True, False]
    none = Csr(np.zeros(4, int), np.zeros(0, int), np.zeros(0, bool))
    assert not np.any(match_verdicts(pairs, none, 5))


def test_cleanlab_gets_every_label_with_its_probability():
    pytest.importorskip('cleanlab')
    pairs, chance, _ = labels(size=5000)
    keys = pairs['image'].astype(int) * 20 + pairs['label']
    pairs, chance = (values[np.unique(keys, return_index=True)[1]] for values in (pairs, chance))
    orders = cleanlab_orders(pairs, 1 - chance, 20)
    by_label, by_image = orders.values()
    # Self-confidence of a label that is there is its probability.
    np.testing.assert_allclose(chance[by_label], np.sort(chance)[::-1])
    for order in (by_label, by_image):
        assert sorted(order) == list(range(len(pairs)))
    images = pairs['image'][by_image]
    assert (np.diff(images) != 0).sum() + 1 == len(np.unique(images))  # one after the other
    worst = pairs['image'] == images[0]
    assert chance[worst].max() > np.quantile(chance, 0.95)


def test_cleanlab_with_one_class():
    pytest.importorskip('cleanlab')
    pairs = np.zeros(9, PAIR)
    pairs['image'] = np.arange(9)
    right = np.random.default_rng(0).permutation(9) / 10
    for order in cleanlab_orders(pairs, right, 1).values():
        np.testing.assert_array_equal(order, np.argsort(right))


def test_comparison_by_counting():
    pytest.importorskip('cleanlab')
    pairs, chance, wrong = labels(size=1000)
    keys = pairs['image'].astype(int) * 20 + pairs['label']
    first = np.unique(keys, return_index=True)[1]
    pairs, chance, wrong = pairs[first], chance[first], wrong[first]
    found = {(f.order, f.asked): f for f in compare_orders(pairs, chance, wrong, 1.0, 20, 40)}
    of_queue = found['review queue', 250]
    value = chance * (1 - pairs['score'])
    assert of_queue.errors == wrong[np.argsort(-value, kind='stable')[:250]].sum()
    assert of_queue.precision == of_queue.errors / 250
    assert of_queue.share_of_errors == of_queue.errors / wrong.sum()
    at_random = found['random order', 250]
    assert at_random.precision == pytest.approx(wrong.mean())
    assert of_queue.times_random == pytest.approx(of_queue.errors / at_random.errors)
    lowest = np.argsort(pairs['score'], kind='stable')[:100]
    assert found['classifier score', 100].errors == wrong[lowest].sum()
