"""The estimator on arrays: what it is given, what it gives back, what it refuses."""

import pickle
import sys

import numpy as np
import pandas as pd
import pytest
from made_arrays import made_arrays
from scipy import sparse

import mmnoisy
from mmnoisy import InputError, NoisyLabelClassifier
from mmnoisy.arrays import classifier

X, Y, V, TRUTH = made_arrays()
RATED = ~np.isnan(V)
SIGNS = sparse.csr_array(np.where(RATED, np.where(V == 1, 1, -1), 0))
NAMES = ['cat', 'dog', 'a, b']
ROWS = [f'photo {k}.jpg' for k in range(len(X))]


def fitted(method='best', features=X, labels=Y, verdicts=V, steps=30, **parameters):
    model = NoisyLabelClassifier(method, steps=steps, **parameters)
    return model.fit(features, labels, verified=verdicts)


@pytest.fixture(scope='module')
def model():
    return fitted()


@pytest.fixture(scope='module')
def frames():
    frame = pd.DataFrame(X, ROWS).add_prefix('f')
    labels = pd.DataFrame(Y, ROWS, NAMES)
    verdicts = pd.DataFrame(V, ROWS, NAMES).astype('Int64')  # with pandas' own gaps
    return frame, labels, verdicts, fitted('best', frame, labels, verdicts)


def on_disk(array, path):
    np.save(path, array)
    return np.load(path, mmap_mode='r')


@pytest.mark.parametrize('kind', ['mapped', 'float64', 'sparse', 'coo', 'list'])
def test_every_container_gives_the_same_model(model, kind, tmp_path):
    given = {
        'mapped': lambda: (on_disk(X, tmp_path / 'x.npy'), Y, on_disk(V, tmp_path / 'v.npy')),
        'float64': lambda: (X.astype(float), Y, V),
        'sparse': lambda: (X, sparse.csr_matrix(Y), SIGNS),
        'coo': lambda: (X, sparse.coo_array(Y), sparse.csc_matrix(SIGNS)),
        'list': lambda: (X.tolist(), Y.tolist(), V.tolist()),
    }[kind]()
    found = fitted('best', *given)
    for name, weight in model.weights_.items():
        np.testing.assert_array_equal(found.weights_[name], weight)


def test_what_is_given_is_not_changed(model):
    doubled = sparse.coo_array((np.full(4, 0.5), ([0, 0, 1, 2], [1, 1, 0, 2])), Y.shape).tocsr()
    before = doubled.data.copy()
    model.clean(X, doubled)
    np.testing.assert_array_equal(doubled.data, before)


def test_half_precision_is_used_as_it_is():
    half = X.astype(np.float16)
    a, b = fitted('baseline', half), fitted('baseline', half.astype(np.float32))
    np.testing.assert_array_equal(a.predict_proba(half), b.predict_proba(half))


def test_labels_in_half_precision_or_yes_and_no():
    half, given = Y.astype(np.float16), Y > 0
    for labels, same in ((half, half.astype(float)), (given, given.astype(float))):
        a, b = (fitted('baseline', labels=one, steps=3) for one in (labels, same))
        np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))


def test_names_come_back_as_they_came(model, frames):
    frame, labels, verdicts, named = frames
    assert [*named.classes_] == NAMES
    assert [*named.feature_names_in_] == [*frame.columns]
    probabilities = named.predict_proba(frame)
    assert [*probabilities.index] == ROWS
    assert [*probabilities.columns] == NAMES
    np.testing.assert_array_equal(probabilities, model.predict_proba(X))
    cleaned = named.clean(frame, labels)
    assert [*cleaned.index] == ROWS
    assert [*cleaned.columns] == NAMES
    queue = named.rank_labels(frame, labels, verdicts, size=10, folds=2)
    assert {*queue['row']} <= {*ROWS}
    assert {*queue['label']} <= {*NAMES}
    plain = model.rank_labels(X, Y, V, size=10, folds=2)
    assert [ROWS[row] for row in plain['row']] == [*queue['row']]
    np.testing.assert_array_equal(plain['value'], queue['value'])
    assert named.score(frame, verdicts) == model.score(X, SIGNS)


def test_classes_are_numbers_or_those_given(model):
    np.testing.assert_array_equal(model.classes_, range(3))
    assert [*fitted('baseline', steps=1, classes=NAMES).classes_] == NAMES


def test_cleaning_keeps_the_container_and_the_confidences(model):
    cleaned = model.clean(X, Y)
    for kind in (sparse.csr_matrix, sparse.csr_array):
        found = model.clean(X, kind(Y))
        assert isinstance(found, kind)
        np.testing.assert_array_equal(found.toarray(), cleaned)
    kept = cleaned > 0
    np.testing.assert_array_equal(cleaned[kept], Y.astype(np.float32)[kept])  # best adds none
    soft = model.clean(X, Y, soft=True)
    np.testing.assert_array_equal((soft >= 0.5), kept)
    assert not model.clean(X, Y, threshold=1).any()


def test_a_label_is_cleaned_in_the_context_of_the_others():
    """Class 0 is present where class 1 is given too, and pictures say nothing."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 8))
    labels = np.stack([np.ones(300), rng.random(300) < 0.5], 1)
    verdicts = np.full(labels.shape, np.nan)
    verdicts[:100, 0] = labels[:100, 1]
    model = fitted('best', features, labels, verdicts, steps=300)
    cleaned = model.clean(features, labels)[:, 0] > 0
    np.testing.assert_array_equal(cleaned, labels[:, 1] == 1)


def test_the_queue_holds_noisy_labels_of_t_the_most_valuable_first(model):
    queue = model.rank_labels(X, Y, V, size=40, folds=3)
    assert len(queue) == 40
    assert not RATED[queue['row']].any()
    np.testing.assert_array_equal(
        queue['confidence'], Y.astype(np.float32)[queue['row'], queue['label']]
    )
    assert len({*zip(queue['row'].tolist(), queue['label'].tolist())}) == 40
    np.testing.assert_allclose(queue['value'], queue['probability_wrong'] * (1 - queue['score']))
    one_class = model.rank_labels(X, Y, V, size=40, folds=3, class_share=1.0)
    assert (np.diff(one_class['value']) <= 0).all()


def test_the_random_state_decides():
    first, same, other = (
        fitted('baseline', steps=3, random_state=seed).weights_['head.fc.weight']
        for seed in (7, 7, np.random.RandomState(1))
    )
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_generators_of_the_caller_stay_as_they_were():
    np.random.seed(3)
    expected = np.random.random(2)
    np.random.seed(3)
    before = np.random.random()
    fitted('baseline', steps=1)
    np.testing.assert_array_equal([before, np.random.random()], expected)


def test_rates_are_searched_on_v():
    found = fitted('finetune_clean', steps=3, search_rates=True)
    assert {*found.recipes_} == {'baseline', 'finetune_clean'}
    factors = {recipe['factor'] for recipe in found.recipes_.values()}
    assert factors <= {3.0**power for power in range(-3, 4)}
    found.rank_labels(X, Y, V, size=5, folds=2)  # by the rates found


def test_auto_trains_what_the_choice_on_v_says(monkeypatch):
    model = fitted('auto')
    *before, last = model.candidates_
    assert before[0]['begins_with'] == ''
    assert model.method_ == last['name']
    assert model.score(X, TRUTH) > 0.9
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.clean(X, Y), model.clean(X, Y))
    assert len(again.rank_labels(X, Y, V, size=7, folds=2)) == 7
    # The same, stage by stage, without a choice.
    monkeypatch.setattr(classifier, 'chosen_candidates', lambda *_: model.candidates_)
    found = fitted('auto')
    for name, weight in model.weights_.items():
        np.testing.assert_array_equal(found.weights_[name], weight)


def test_a_baseline_needs_no_verdicts():
    model = fitted('baseline', verdicts=None)
    assert model.score(X, TRUTH, 'MAP') > 0.5
    with pytest.raises(InputError, match=r"method='baseline': has no cleaning network, .* 'best'"):
        model.clean(X, Y)


def test_without_scikit_learn_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sklearn', None)
    monkeypatch.delitem(sys.modules, 'mmnoisy.arrays')
    with pytest.raises(InputError, match=r"needs scikit-learn; run pip install 'scikit-learn"):
        mmnoisy.NoisyLabelClassifier  # noqa: B018


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize(
    ('given', 'sentence'),
    [
        (dict(features=X[0]), r'X: Expected 2D array'),
        (dict(features=changed(X, (7, 2), np.nan)), r'X: is NaN or infinity at row 7, column 2'),
        (dict(features=changed(X, (7, 2), np.inf)), r'X: is NaN or infinity at row 7, column 2'),
        (dict(features=X[:5]), r'Y: has 200 rows, and X 5; give one for each image'),
        (dict(labels=None), r'Y: .* requires y to be passed'),
        (dict(labels=Y[:, 0]), r'Y: has the shape \(200,\); give a matrix with a row'),
        (dict(labels=changed(Y, (4, 1), 1.5)), r'Y: is 1.5 at row 4, class 1; give the confidence'),
        (dict(labels=changed(Y, (4, 1), -1)), r'Y: is -1 at row 4, class 1; give the confidence'),
        (dict(labels=changed(Y, (4, 1), np.nan)), r'Y: is nan at row 4, class 1; give the conf'),
        (dict(labels=np.zeros_like(Y)), r'Y: has no label in its 200 rows; give some'),
        (dict(labels=np.full(Y.shape, 'cat')), r'Y: holds something else than numbers'),
        (dict(verdicts=V[:, :2]), r'verified: has the shape \(200, 2\), and Y \(200, 3\); give'),
        (dict(verdicts=changed(V, (0, 0), 0.5)), r'verified: is 0.5 at row 0, class 0; give 1'),
        (dict(verdicts=np.full_like(V, np.nan)), r'verified: says nothing, all is NaN or empty'),
        (dict(verdicts=sparse.csr_array(V.shape)), r'verified: says nothing, all is NaN or empty'),
        (dict(verdicts=np.where(RATED, 0, np.nan)), r'verified: says that all is absent; verify'),
        (dict(verdicts=TRUTH), r'verified: has a verdict on every image, and training begins'),
        (dict(verdicts=None), r"method='best': learns from verdicts, .*; give verified=V, or fit"),
        (
            dict(method='bets'),
            r"method='bets': is none; did you mean best\?; methods are auto, baseline",
        ),
        (dict(method='bound_truth'), r"method='bound_truth': is none"),
        (dict(method='auto', verdicts=None), r"method='auto': chooses by verdicts, and .* 0 ver"),
        (dict(steps=0), r'steps=0: give a number of at least 1, or None'),
        (dict(classes=['cat', 'dog']), r"classes: \['cat', 'dog'\] are not one name for each of"),
        (dict(classes=['cat', 'dog', 'cat']), r'no two alike; give so many'),
        (dict(method='baseline', verdicts=None, search_rates=True), r'is to choose its learning'),
    ],
)
def test_what_cannot_be_learned_from_is_said(given, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        fitted(**given)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('ask', 'sentence'),
    [
        (lambda m: m.predict(X[:, :4]), r'X: X has 4 features, but .* expecting 32'),
        (lambda m: m.clean(X, Y[:, :2]), r'Y: has 2 columns, and the model was trained on 3'),
        (lambda m: m.clean(X, Y, threshold=2), r'threshold=2, max_added=None: give one in \[0, 1'),
        (lambda m: m.score(X, V, 'F1'), r"measure='F1': give one of AP_all, MAP"),
        (lambda m: m.score(X, V[:5]), r'verdicts: has the shape \(5, 3\), the scores \(200, 3\)'),
        (lambda m: m.rank_labels(X, Y, V, folds=1), r'folds=1: give at least 2, and 60, all of V'),
        (lambda m: m.rank_labels(X, Y, V, size=0), r'size=0, class_share=None: give at least 1'),
        (lambda m: m.rank_labels(X, Y, None), r'learns from verdicts, '),
    ],
)
def test_what_cannot_be_asked_is_said(model, ask, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        ask(model)
    assert '\n' not in str(caught.value)
