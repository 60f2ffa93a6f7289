import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from mmnoisy import InputError
from mmnoisy.evaluation import average_precision

# few distinct scores: ties are the rule
pairs = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 3)), max_size=60)


@given(pairs)
def test_equals_scikit_learn_group_by_group(pairs):
    score, positive, group = (np.array([pair[k] for pair in pairs]) for k in range(3))
    score, positive, group = score / 4, positive.astype(bool), group.astype(int)
    ap = average_precision(score, positive, group)
    assert len(ap) == group.max(initial=-1) + 1
    for g, value in enumerate(ap):
        here = group == g
        if positive[here].any():
            expected = average_precision_score(positive[here], score[here])
            assert value == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(value)


@pytest.mark.parametrize('digits', [1, 3, 9])  # nearly all scores equal, many, few
@pytest.mark.parametrize('step', [1, 5_000])  # group ids in 8 bits, in 32 bits with gaps
def test_equals_scikit_learn_at_size(digits, step):
    rng = np.random.default_rng(0)
    score, group = rng.random(100_000).astype(np.float32), rng.integers(50, size=100_000)
    positive = rng.random(100_000) < score
    score = score.round(digits)
    ap = average_precision(score, positive, step * group)
    assert np.isnan(ap).sum() == len(ap) - 50
    for g, value in enumerate(ap[::step]):
        here = group == g
        expected = average_precision_score(positive[here], score[here])
        assert value == pytest.approx(expected, rel=0, abs=1e-9)
    expected = average_precision_score(positive, score)
    assert average_precision(score, positive)[0] == pytest.approx(expected, rel=0, abs=1e-9)


def test_equation_4_by_hand():
    """Positives at ranks 1, 3 and 4: (1/1 + 2/3 + 3/4) / 3."""
    score = np.array([0.1, 0.9, 0.5, 0.7, 0.4])
    positive = np.array([False, True, True, False, True])
    assert average_precision(score, positive)[0] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_order_does_not_matter_with_ties():
    score, positive = np.array([0.5, 0.5, 0.5, 0.9]), np.array([True, False, False, False])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]):
        assert average_precision(score[order], positive[order])[0] == pytest.approx(1 / 4)


@pytest.mark.parametrize('dtype', [np.uint8, np.int8, np.uint16, np.int64, bool, np.float16])
def test_scores_of_any_type(dtype):
    rng = np.random.default_rng(0)
    score = rng.integers(0, 2 if dtype is bool else 120, 500).astype(dtype)
    positive = rng.random(500) < 0.1 + score.astype(float) / 200
    expected = average_precision_score(positive, score.astype(float))
    assert average_precision(score, positive)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(value):
    score = np.array([0.5, 0.1, value, value])
    with pytest.raises(
        InputError, match='2 of 4 scores are not finite, the first is that of pair 2'
    ):
        average_precision(score, np.array([True, False, True, False]))


def test_arrays_that_do_not_match_are_refused():
    with pytest.raises(InputError, match=r'scores \(2, 2\), truth \(2, 2\) and groups \(2, 2\)'):
        average_precision(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(InputError, match='do not match'):
        average_precision(np.ones(3), np.ones(2))
    with pytest.raises(InputError, match='do not match'):
        average_precision(np.ones(3), np.ones(3), np.ones(2, int))


def test_nothing_to_judge():
    assert average_precision(np.empty(0, np.uint8), np.empty(0, bool)).shape == (0,)
