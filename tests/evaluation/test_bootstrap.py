"""Replicates by weights are those of images that are literally repeated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from mmnoisy.evaluation.average_precision import average_precision
from mmnoisy.evaluation.bootstrap import (
    bootstrap_average_precision,
    bootstrap_sums,
    image_counts,
)


def test_every_replicate_draws_as_many_images():
    counts = image_counts(50, 200)
    assert (counts.sum(0) == 50).all()
    # The variance of a binomial count of 50 draws, each 1 in 50; 10,000 counts.
    assert counts.var() == pytest.approx(50 * 0.02 * 0.98, abs=0.1)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 700),
    st.sampled_from([1, 3, 60]),
    st.sampled_from([2, 30, 10**6]),
)
def test_ap_is_that_of_repeated_images(seed, num_pairs, num_groups, num_scores):
    rng = np.random.default_rng(seed)
    image = rng.integers(40, size=num_pairs)
    score = rng.integers(num_scores, size=num_pairs) / num_scores
    positive = rng.random(num_pairs) < 0.4
    group = rng.integers(num_groups, size=num_pairs)
    counts = image_counts(40, 5, seed)
    found = bootstrap_average_precision(score, positive, image, counts, group)
    together = bootstrap_average_precision(score, positive, image, counts)
    for b in range(5):
        pairs = np.repeat(np.arange(num_pairs), counts[image, b])
        wanted = average_precision(score[pairs], positive[pairs], group[pairs])
        wanted = np.append(wanted, np.full(len(found) - len(wanted), np.nan))
        np.testing.assert_allclose(found[:, b], wanted, rtol=1e-6)
        if positive[pairs].any():
            wanted = average_precision_score(positive, score, sample_weight=counts[image, b])
            assert together[0, b] == pytest.approx(wanted, rel=1e-6)
        else:
            assert np.isnan(together[0, b])


def test_sums_are_those_of_repeated_images():
    rng = np.random.default_rng(0)
    image, group = rng.integers(30, size=200), rng.integers(4, size=200)
    value, counts = rng.normal(size=200), image_counts(30, 300)
    found = bootstrap_sums(value, image, counts, group, 4)
    alone = bootstrap_sums(value, image, counts)
    for b in range(0, 300, 37):
        pairs = np.repeat(np.arange(200), counts[image, b])
        assert found[:, b] == pytest.approx(np.bincount(group[pairs], value[pairs], 4))
        assert alone[0, b] == pytest.approx(value[pairs].sum())


def test_the_spread_of_a_share_is_the_binomial_one():
    hit = np.arange(400) < 300
    counts = image_counts(400, 2000)
    share = bootstrap_sums(hit, np.arange(400), counts)[0] / 400
    assert share.std() == pytest.approx(np.sqrt(0.75 * 0.25 / 400), rel=0.1)
