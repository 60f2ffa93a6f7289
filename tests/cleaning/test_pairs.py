"""What becomes of labels: by hand, and against a loop over all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmnoisy.cleaning.pairs import ADDED, KEPT, REMOVED, Rule, Scores, decide, pairs_of
from mmnoisy.datasets.csr import Csr

NOISY = Csr(np.array([0, 2, 2, 3]), np.array([0, 2, 1]), np.array([0.7, 0.9, 1.0], np.float32))
RAW = np.array([[0.6, 0.5, -0.2, 1.3], [0.5, 0.4, 0.9, 0.6], [np.nan] * 4], np.float32)


def by_hand(rule, classes=(0, 1, 2, 3)):
    cleaned = np.isin(np.arange(4), classes)
    pairs = pairs_of(NOISY, Scores(RAW, RAW / 2), cleaned, rule)
    kind, after = decide(pairs, rule)
    return list(zip(pairs['image'].tolist(), pairs['label'].tolist(), kind.tolist(), after))


def same(rows, wanted):
    assert [row[:3] for row in rows] == [row[:3] for row in wanted]
    np.testing.assert_array_equal(
        np.array([row[3] for row in rows]), np.float32([row[3] for row in wanted])
    )


def test_by_hand():
    same(
        by_hand(Rule(0.5)),
        [
            (0, 0, KEPT, 0.7),
            (0, 1, ADDED, 0.5),
            (0, 2, REMOVED, np.nan),
            (0, 3, ADDED, 1.0),
            (1, 0, ADDED, 0.5),
            (1, 2, ADDED, 0.9),
            (1, 3, ADDED, 0.6),
            (2, 1, KEPT, 1.0),
        ],
    )


def test_the_best_are_added_first_and_other_classes_stay():
    same(
        by_hand(Rule(0.5, max_added=1)),
        [
            (0, 0, KEPT, 0.7),
            (0, 2, REMOVED, np.nan),
            (0, 3, ADDED, 1.0),
            (1, 2, ADDED, 0.9),
            (2, 1, KEPT, 1.0),
        ],
    )
    same(
        by_hand(Rule(0.5), classes=[0]),
        [(0, 0, KEPT, 0.7), (0, 2, KEPT, 0.9), (1, 0, ADDED, 0.5), (2, 1, KEPT, 1.0)],
    )


def test_soft_labels_take_the_cleaned_value_and_vanish_at_zero():
    same(
        by_hand(Rule(0.95, soft=True)),
        [
            (0, 0, KEPT, 0.6),
            (0, 2, REMOVED, np.nan),
            (0, 3, ADDED, 1.0),
            (2, 1, KEPT, 1.0),
        ],
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 0, 1, 2]), st.booleans())
def test_against_a_loop(seed, max_added, soft):
    rng = np.random.default_rng(seed)
    raw = rng.integers(-2, 8, (4, 5)).astype(np.float32) / 5
    listed = rng.random((4, 5)) < 0.4
    image, label = np.nonzero(listed)
    value = rng.random(len(image)).astype(np.float32)
    noisy = Csr(np.searchsorted(image, np.arange(5)), label, value)
    rule = Rule(float(rng.integers(0, 6) / 5), max_added, soft)
    pairs = pairs_of(noisy, Scores(raw, raw), np.ones(5, bool), rule)
    kind, after = decide(pairs, rule)
    found = {(int(p['image']), int(p['label'])): (int(k), a) for p, k, a in zip(pairs, kind, after)}
    before = dict(zip(zip(image.tolist(), label.tolist()), value))
    for i in range(4):
        high = (raw[i] > 0) & (raw[i].clip(0, 1) >= np.float32(rule.threshold))
        new = [k for k in range(5) if not listed[i, k] and high[k]]
        new = sorted(new, key=lambda k: (-raw[i, k], k))[:max_added]
        for k in range(5):
            c = min(max(raw[i, k], np.float32(0)), np.float32(1))
            if listed[i, k]:
                gone = c <= 0 if soft else c < np.float32(rule.threshold)
                kept = c if soft else before[i, k]
                assert found[i, k][0] == (REMOVED if gone else KEPT)
                assert np.isnan(found[i, k][1]) if gone else found[i, k][1] == kept
            elif k in new:
                assert found[i, k] == (ADDED, c)
            else:
                assert (i, k) not in found


def test_ranks_of_added_labels_use_values_above_one():
    raw = np.float32([[1.5, 2.5, 1.1]])
    noisy = Csr(np.array([0, 0]), np.zeros(0, int), np.zeros(0, np.float32))
    pairs = pairs_of(noisy, Scores(raw, raw), np.ones(3, bool), Rule(0.5, max_added=1))
    assert pairs['label'].tolist() == [1]
    assert decide(pairs, Rule())[1] == pytest.approx([1])
