"""``auto`` as a row: what is kept of a choice, found again, refused; its rows in a comparison."""

import json

import numpy as np
import pytest
from made_index import make_data_set
from made_project import SHORT
from mmengine.config import Config

from mmnoisy import InputError
from mmnoisy.datasets import LabelIndex
from mmnoisy.engine.trained_model import load_classifier
from mmnoisy.evaluation.leave_one_out import leave_one_out_average_precision
from mmnoisy.experiments import auto_runs as module
from mmnoisy.experiments.auto import choose
from mmnoisy.experiments.auto_runs import AutoRuns
from mmnoisy.experiments.comparing import compare
from mmnoisy.experiments.evaluation import evaluate, scores_of_pairs
from mmnoisy.experiments.judgement import judged


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return root


@pytest.fixture(scope='module')
def compared(made, tmp_path_factory):
    """A comparison with one choice on all of V and one on a part of it."""
    out = tmp_path_factory.mktemp('compared')
    recipes = made / 'recipes.json'
    recipes.write_text(json.dumps({'joint': {'factor': 1.0}, 'baseline': {'factor': 1.0}}))
    compare(
        made / 'index',
        made / 'features',
        out,
        ['joint', 'auto'],
        seeds=1,
        verified=[20],
        recipes=recipes,
        options=SHORT,
    )
    return out


def rows_of(out):
    return {
        (row['method'], row['verified']): row
        for row in json.loads((out / 'results.json').read_text())['rows']
    }


def test_it_is_a_row_like_any_other(compared):
    rows = rows_of(compared)
    assert {*rows} == {(m, v) for m in ('baseline', 'joint', 'auto') for v in (20, 60)}
    assert 'Chosen on V' in (compared / 'table2.md').read_text()
    for size in (20, 60):
        folder = compared / 'runs' / f'auto-v{size}-s0'
        cfg = Config.fromfile(folder / 'config.py')
        assert len(LabelIndex.open(cfg.verified_set.ann_file)) == size
        assert cfg.load_from == str(folder / 'start.pth')
    assert not (compared / 'unfinished').exists()


def test_the_same_choice_by_hand(made, compared, tmp_path):
    """A row is what ``choose`` and a training on all of T and V come to."""
    choice = choose(made / 'index', made / 'features', tmp_path, 0, SHORT)
    model = load_classifier(choice.config, str(choice.trials.weights(choice.method.name)))
    data = choice.trials.data.test
    by_hand = evaluate(model, data, choice.config.test_evaluator)
    folder = compared / 'runs' / 'auto-v60-s0'
    kept = np.load(folder / 'auto.npz')
    np.testing.assert_array_equal(kept['scores'], by_hand.scores)
    assert rows_of(compared)['auto', 60]['MAP'] == pytest.approx(by_hand.metrics['MAP'])

    account = json.loads((folder / 'choice.json').read_text())
    assert account['method'] == choice.method.name
    of_v = *choice.cross_fitted, choice.trials.pairs, choice.trials.num_verified
    on_v = judged(*of_v, leave_one_out_average_precision)
    assert account['on_v'] == {name: pytest.approx(ends) for name, ends in on_v.items()}


def test_its_config_and_weights_belong_together(compared):
    folder = compared / 'runs' / 'auto-v60-s0'
    cfg = Config.fromfile(folder / 'config.py')
    model = load_classifier(cfg, str(folder / 'weights.pth'))
    from mmnoisy.engine.sets import build_set

    scores, _ = scores_of_pairs(model, build_set(cfg, 'test'))
    np.testing.assert_array_equal(np.load(folder / 'auto.npz')['scores'], scores)


def test_what_was_expected_stands_beside_what_came(compared):
    line = (compared / 'auto.md').read_text().splitlines()[-1]
    cells = [cell.strip() for cell in line.strip('|').split('|')]
    row = rows_of(compared)['auto', 60]
    account = json.loads((compared / 'runs' / 'auto-v60-s0' / 'choice.json').read_text())
    assert cells[:3] == ['0', '60', account['method']]
    assert cells[4] == f'{row["AP_all"]:.2f}' and cells[6] == f'{row["MAP"]:.2f}'
    value, low, high = account['on_v']['AP_all']
    assert cells[3] == f'{value:.2f} ({low:.2f} to {high:.2f})'


def test_nothing_is_chosen_twice(made, compared, monkeypatch):
    monkeypatch.setattr(module, 'choose', None)
    before = (compared / 'results.json').read_text()
    options = dict(systems=['joint', 'auto'], seeds=1, verified=[20], options=SHORT)
    recipes = made / 'recipes.json'
    compare(made / 'index', made / 'features', compared, recipes=recipes, **options)
    assert (compared / 'results.json').read_text() == before


def test_runs_of_other_settings_are_refused(made, compared):
    from made_grid import systems_of

    from mmnoisy.experiments.data import Data

    data = Data(systems_of(made, ['baseline'])['baseline'].cfg)
    runs = AutoRuns(data, made / 'index', made / 'features', compared, {**SHORT, 'a': 1})
    with pytest.raises(InputError, match=r'auto-v60-s0: was made by other settings'):
        runs.run([0], [60])
