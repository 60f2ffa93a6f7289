"""The estimator on arrays gives the figures of a comparison with the same method and seed."""

import numpy as np
import pytest
from made_grid import OWN, grid_of
from made_index import make_data_set
from scipy import sparse

from mmnoisy import NoisyLabelClassifier
from mmnoisy.datasets import FeatureBank, LabelIndex

STEPS = 7


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    # Arrays know no image of V without a verdict.
    assert np.diff(LabelIndex.open(root / 'index/validation').verdicts.start).all()
    return root


def arrays_of(root, subset):
    """Features, confidences and verdicts of one set."""
    index = LabelIndex.open(root / 'index' / subset)
    bank = FeatureBank.open(root / 'features' / subset)
    shape = len(index), len(index.classes)
    features = bank.features[np.isin(bank.image_ids, index.image_ids), 0]
    noisy, verdicts = (
        sparse.csr_array((value, csr.label.astype(int), csr.start), shape)
        for csr, value in (
            (index.noisy, index.noisy.value),
            (index.verdicts, np.where(index.verdicts.value, 1, -1)),
        )
    )
    return features, noisy, verdicts


@pytest.mark.parametrize(
    ('method', 'searched'),
    [('finetune_clean', False), ('finetune_clean', True), ('best', False), ('mlc', False)],
)
def test_figures_and_rates(made, tmp_path, method, searched):
    options = {'train_cfg.min_images': None, 'train_cfg.max_iters': STEPS}
    size = len(LabelIndex.open(made / 'index/validation'))
    given = {} if searched else OWN
    grid = grid_of(made, tmp_path, [method], [3], [size], given, options)
    run = next(run for run in grid.run() if run.method == method)

    (X, Y, V), (more_X, more_Y, more_V) = (arrays_of(made, one) for one in ('train', 'validation'))
    X, Y, V = np.concatenate([X, more_X]), sparse.vstack([Y, more_Y]), sparse.vstack([V, more_V])
    model = NoisyLabelClassifier(method, steps=STEPS, random_state=3, search_rates=searched)
    model.fit(X, Y, verified=V)

    X_test, _, V_test = arrays_of(made, 'test')
    row, column = V_test.tocoo().row, V_test.tocoo().col
    np.testing.assert_array_equal(model.predict_proba(X_test)[row, column], run.scores)
    assert 100 * model.score(X_test, V_test) == run.metrics['AP_all']
    assert 100 * model.score(X_test, V_test, 'MAP') == run.metrics['MAP']
    assert model.recipes_[method] == grid.recipe(method, size)._asdict()
