"""Average precision on verified pairs, beside scikit-learn's on the pairs that there are."""

import doctest
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn.metrics import average_precision_score

from mmnoisy import InputError, metrics
from mmnoisy.metrics import verified_average_precision

CELLS = st.sampled_from([1.0, 0.0, np.nan])
SHAPES = st.tuples(st.integers(1, 8), st.integers(1, 5))


@st.composite
def scored(draw):
    """Scores with ties, and verdicts of which one is a positive."""
    shape = draw(SHAPES)
    scores = draw(arrays(np.float32, shape, elements=st.sampled_from([0, 0.25, 0.5, 1])))
    verdicts = draw(arrays(np.float64, shape, elements=CELLS))
    verdicts[0, 0] = 1
    return scores, verdicts


@given(scored())
def test_is_that_of_scikit_learn_on_the_verified_pairs(given_):
    scores, verdicts = given_
    rated = ~np.isnan(verdicts)
    found = verified_average_precision(scores, verdicts)
    assert np.isclose(found.AP_all, average_precision_score(verdicts[rated], scores[rated]))
    for k, here in enumerate(rated.T):
        positive = verdicts[here, k] == 1
        if positive.any():
            wanted = average_precision_score(positive, scores[here, k])
            assert np.isclose(found.AP[k], wanted)
        else:
            assert np.isnan(found.AP[k])
    assert np.isclose(found.MAP, np.nanmean(found.AP))


@given(scored())
def test_every_way_to_hand_over_verdicts_is_the_same(given_):
    scores, verdicts = given_
    wanted = verified_average_precision(scores, verdicts)
    row, column = np.nonzero(~np.isnan(verdicts))
    present = verdicts[row, column]
    signs = sparse.coo_matrix((2 * present - 1, (row, column)), verdicts.shape)
    pairs = verified_average_precision(scores[row, column], present, classes=column)
    for found in (
        verified_average_precision(scores, signs),
        verified_average_precision(scores.tolist(), sparse.csc_array(signs)),
        pairs._replace(AP=np.append(pairs.AP, [np.nan] * (verdicts.shape[1] - len(pairs.AP)))),
    ):
        assert found[:2] == wanted[:2]
        np.testing.assert_array_equal(found.AP, wanted.AP)


def test_verdicts_of_one_kind_are_warned_of():
    with pytest.warns(UserWarning, match='all of them say present'):
        found = verified_average_precision([[0.1, 0.9]], [[1, np.nan]])
    assert (found.AP_all, found.MAP) == (1, 1)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        verified_average_precision([[0.1, 0.9]], [[1, 0]])


def test_the_examples_of_the_docs():
    assert doctest.testmod(metrics).attempted
    assert not doctest.testmod(metrics).failed


@pytest.mark.parametrize(
    ('scores', 'verdicts', 'classes', 'sentence'),
    [
        ([[0.5]], [[1, 0]], None, r'verdicts: has the shape \(1, 2\), the scores \(1, 1\); give'),
        ([[0.5]], [[2]], None, r'verdicts: is 2 at row 0, class 0; give 1 for present, 0 for'),
        ([[0.5]], [[-1]], None, r'verdicts: is -1 at row 0, class 0; give 1 for present, 0'),
        ([[0.5]], sparse.csr_matrix([[3]]), None, r'verdicts: is 3 at .* and -1 for absent in a'),
        ([[0.5]], [['yes']], None, r'verdicts: holds something else than numbers'),
        ([0.5], [1], None, r'scores: has the shape \(1,\); give a matrix'),
        ([[0.5]], [[0]], None, r'verdicts: nothing is verified present'),
        ([[0.5]], [[np.nan]], None, r'verdicts: nothing is verified present'),
        ([[np.nan]], [[1]], None, r'1 of 1 scores are not finite'),
        ([0.5], [0.5], [0], r'verdicts: of pairs are 1 for present and 0 for absent'),
        ([0.5], [1], [-1], r'classes: give integers from 0'),
        ([0.5], [1], ['cat'], r'classes: give integers from 0'),
        ([0.5, 0.5], [1], [0], r'do not match'),
        ([], [], [], r'classes: give integers from 0|nothing is verified'),
    ],
)
def test_what_cannot_be_used_is_said(scores, verdicts, classes, sentence):
    with pytest.raises(InputError, match=sentence):
        verified_average_precision(scores, verdicts, classes)
