"""scikit-learn's own checks of estimators, its tools around ours, and the examples of the docs."""

import doctest
import pickle

import numpy as np
import pytest
from made_arrays import made_arrays

from mmnoisy import NoisyLabelClassifier
from mmnoisy.arrays import classifier

pytest.importorskip('sklearn', '1.6')  # the first whose checks can be expected to fail

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

OUTSIDE = 'labels of the check are 1 and 2, and confidences of noisy labels are in [0, 1]'
TEXTS = 'labels of the check are texts, one an image; here they are a matrix, (images, classes)'
ONE = 'the check wants one label an image, (N,); several are predicted here, (N, C)'
EXCLUDED = {
    'check_estimators_dtypes': OUTSIDE,
    'check_classifier_data_not_an_array': OUTSIDE,
    'check_fit2d_1feature': OUTSIDE,
    'check_classifiers_classes': TEXTS,
    'check_classifiers_train': ONE,
    'check_classifier_not_supporting_multiclass': ONE,
    'check_classifiers_regression_target': 'confidences between 0 and 1 are what it learns from',
}


@parametrize_with_checks(
    [NoisyLabelClassifier('baseline', steps=2)], expected_failed_checks=lambda _: EXCLUDED
)
def test_check(estimator, check):
    check(estimator)


@pytest.fixture(scope='module')
def fitted():
    X, Y, V, _ = made_arrays()
    return NoisyLabelClassifier('best', steps=20).fit(X, Y, verified=V)


def test_a_pickled_one_predicts_and_cleans_the_same(fitted):
    X, Y, _, _ = made_arrays()
    content = pickle.dumps(fitted)
    assert b'torch' not in content  # arrays alone
    again = pickle.loads(content)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(again.clean(X, Y), fitted.clean(X, Y))


def test_a_clone_has_the_parameters_and_is_not_fitted(fitted):
    other = clone(fitted)
    assert other.get_params() == fitted.get_params()
    assert not hasattr(other, 'weights_')
    assert other.set_params(method='joint', steps=3).get_params()['method'] == 'joint'


def test_a_grid_search_in_a_pipeline_judges_by_verdicts():
    X, _, _, truth = made_arrays()
    model = make_pipeline(StandardScaler(), NoisyLabelClassifier('baseline', steps=5))
    grid = {'noisylabelclassifier__steps': [1, 50]}
    search = GridSearchCV(model, grid, cv=2, error_score='raise').fit(X, truth)
    assert search.best_params_ == {'noisylabelclassifier__steps': 50}


def test_the_examples_of_the_docs():
    found = doctest.testmod(classifier)
    assert found.attempted
    assert not found.failed
