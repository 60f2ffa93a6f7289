"""A grid over configs on a generated data set: what is trained, kept, found again, refused."""

import json
import shutil

import numpy as np
import pytest
import torch
from made_grid import OWN, grid_of
from mmengine.config import Config

from mmnoisy import InputError
from mmnoisy.engine.runner import build_runner
from mmnoisy.experiments import fingerprint
from mmnoisy.experiments import grid as module
from mmnoisy.experiments.runs import ARRAYS
from mmnoisy.experiments.search import Recipe

NAMES = ['finetune_clean', 'misra', 'joint']


@pytest.fixture(scope='module')
def whole(made, tmp_path_factory):
    """A finished comparison: its folder and its runs."""
    out = tmp_path_factory.mktemp('whole')
    return out, grid_of(made, out, NAMES, sizes=(20, 60)).run()


def check_equal(found, wanted):
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted):
        names = ('method', 'seed', 'verified', 'metrics')
        assert [getattr(a, name) for name in names] == [getattr(b, name) for name in names]
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_all_rows_at_all_sizes(whole):
    rows = {(run.method, run.verified) for run in whole[1]}
    methods = ('baseline', 'finetune_clean', 'misra_visual', 'misra_relevance', 'joint')
    assert rows == {(method, size) for method in methods for size in (20, 60)}
    baselines = [run.scores for run in whole[1] if run.method == 'baseline']
    assert np.array_equal(*baselines)  # needs no verified image, and is trained once
    visual, relevance = (
        next(run.scores for run in whole[1] if run.method == f'misra_{kind}')
        for kind in ('visual', 'relevance')
    )
    assert not np.array_equal(visual, relevance)
    assert not list(whole[0].glob('runs/.*'))


def test_nothing_is_done_twice(made, whole, trained):
    check_equal(grid_of(made, whole[0], NAMES, sizes=(20, 60)).run(), whole[1])
    assert not trained


def test_an_interrupted_comparison_ends_as_an_uninterrupted_one(made, whole, trained, tmp_path):
    trained.stop = 4
    with pytest.raises(KeyboardInterrupt):
        grid_of(made, tmp_path, NAMES, sizes=(20, 60)).run()
    assert len(list(tmp_path.glob('runs/*/weights.pth'))) == 3
    check_equal(grid_of(made, tmp_path, NAMES, sizes=(20, 60)).run(), whole[1])


def test_runs_of_other_settings_are_refused(made, whole):
    given = {**OWN, 'joint': Recipe(3.0)}
    with pytest.raises(InputError, match=r'runs/joint-v60-s0: was made by other settings; give'):
        grid_of(made, whole[0], NAMES, given=given).run()
    with pytest.raises(InputError, match=r'runs/baseline-v0-s0: was made by other settings'):
        grid_of(made, whole[0], NAMES, batch_size=7).run()


def test_runs_of_another_version_are_refused(made, whole, monkeypatch):
    monkeypatch.setattr(fingerprint, '_code', lambda: 'another')
    with pytest.raises(InputError, match=r'runs/baseline-v0-s0: was made by other code; give'):
        grid_of(made, whole[0], NAMES).run()


def test_runs_of_other_labels_are_refused(made, whole, tmp_path):
    root = shutil.copytree(made, tmp_path / 'data')
    grid_of(root, whole[0], NAMES, sizes=(20, 60)).run()  # the same at another place
    path = root / 'index/test/verdicts_value.npy'
    np.save(path, ~np.load(path))
    with pytest.raises(InputError, match=r'runs/baseline-v0-s0: was made by other data; give'):
        grid_of(root, whole[0], NAMES).run()


@pytest.mark.parametrize('name', ['baseline-v0', 'joint-v60', 'joint-v20', 'misra-v0'])
def test_train_py_makes_the_same_from_the_config_of_a_run(whole, name, tmp_path):
    """What a comparison reports is what its config trains, to the last bit."""
    folder = whole[0] / f'runs/{name}-s0'
    cfg = Config.fromfile(folder / 'config.py')
    cfg.work_dir, cfg.experiment_name = str(tmp_path), f'again_{name}'
    runner = build_runner(cfg)
    runner.train()
    weights = torch.load(folder / 'weights.pth', weights_only=True)['state_dict']
    found = runner.model.state_dict()
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[key], value) for key, value in weights.items())
    method = 'misra_visual' if name == 'misra-v0' else name.split('-')[0]
    kept = json.loads((folder / f'{method}.json').read_text())['metrics']
    assert runner.test() == pytest.approx(kept)


def test_a_search_is_kept_and_used(made, tmp_path, trained):
    grid = grid_of(made, tmp_path, ['baseline'], given={})
    grid.run()
    kept = json.loads((tmp_path / 'recipes/baseline-v60.json').read_text())
    assert len(trained) == len(kept['tried']) + 1 >= 4
    assert trained[:3] == [('baseline', f'search {k}') for k in (1, 2, 3)]
    chosen = max(kept['tried'], key=lambda trial: trial['AP_all'] + trial['MAP'])
    assert grid.recipe('baseline', 60).factor == kept['recipe']['factor'] == chosen['factor']
    (row,) = grid.trained(60)
    assert (row.method, row.factor, row.at_edge) == ('baseline', chosen['factor'], kept['at_edge'])
    assert row.tried == kept['tried']
    assert row.text == 'Table 2, "Baseline": trained on the noisy labels of T.'
    (given,) = grid_of(made, tmp_path, ['baseline'], given={'baseline': Recipe(3.0)}).trained(60)
    assert (given.factor, given.tried, given.at_edge) == (3.0, (), False)
    again = grid_of(made, tmp_path, ['baseline'], given={})
    assert again.recipe('baseline', 60) == grid.recipe('baseline', 60)
    with pytest.raises(InputError, match=r'baseline-v60.json: was made by other settings'):
        grid_of(made, tmp_path, ['baseline'], given={}, batch_size=7).run()


def test_v_too_small_for_a_search_is_trained_as_the_config_says(made, tmp_path):
    grid = grid_of(made, tmp_path, ['finetune_clean'], sizes=(1,), given={})
    assert grid.recipe('finetune_clean', 1) == Recipe()


def test_systems_that_share_a_recipe_have_its_factor(made, tmp_path):
    grid = grid_of(made, tmp_path, ['joint_pretrained'], given={'joint': Recipe(3.0)})
    assert grid.recipe('pretrain_cleaner', 60) == Recipe(3.0)


def test_what_goes_on_from_another_has_its_choice_and_judges_it(
    made,
    tmp_path,
    trained,
    monkeypatch,
):
    given = {'baseline': Recipe(), 'finetune_clean': Recipe(1 / 3)}
    grid = grid_of(made, tmp_path, ['splc'], given=given)
    weights = []
    evaluate = module.evaluate

    def recorded(model, *args):
        weights.append(model.head.fc.weight.detach().clone())
        return evaluate(model, *args)

    monkeypatch.setattr(module, 'evaluate', recorded)
    planned = sum(grid._steps_left().values())
    (run,) = [run for run in grid.run() if run.method == 'splc']
    stages = [name for name, stage in trained if stage.startswith('search')]
    assert stages == ['splc_mixed', 'splc'] * (len(stages) // 2) and len(stages) >= 8
    assert planned == 3 * (3 + 8)  # and what the search does beyond its edge is added then
    kept = json.loads((tmp_path / 'recipes/splc_mixed-v60.json').read_text())
    assert [trial['choice'] for trial in kept['tried'][:2]] == ['tau 0.6', 'tau 0.8']
    assert grid.recipe('splc', 60) == Recipe(1 / 3, kept['recipe']['choice'])
    cfg = Config.fromfile(tmp_path / 'runs/splc-v60-s0/config.py')
    assert cfg.model.head.loss.get('tau', 0.6) == float(kept['recipe']['choice'][-3:])
    assert cfg.load_from == str(tmp_path / 'runs/splc_mixed-v60-s0/weights.pth')
    assert np.isfinite(run.scores).all()
