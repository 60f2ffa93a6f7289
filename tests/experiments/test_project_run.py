"""A project from its labels to its model: what is written, done once, and gone on with."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from made_project import SHORT, SUBSETS, make_project, rewrite_v, settings_of
from markupsafe import escape

from mmnoisy import InputError
from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.csr import to_csr
from mmnoisy.datasets.project import Project
from mmnoisy.datasets.sources.splitting import add_verdicts
from mmnoisy.engine.checkpoints.reading import read_checkpoint
from mmnoisy.engine.config import load_config
from mmnoisy.engine.partial_training import train_here
from mmnoisy.engine.runner import build_runner
from mmnoisy.experiments import portfolio
from mmnoisy.experiments.auto import choose
from mmnoisy.experiments.project_features import finished, import_features, keep_made_of
from mmnoisy.experiments.project_run import run_project

FILES = ('choice.json', 'config.py', 'index.html', 'start.pth')


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """A project that was run in peace: its root, its folder and what was found."""
    root = tmp_path_factory.mktemp('whole')
    project = make_project(root)
    return root, project, run_project(project, settings_of(root))


def weights_of(project, work_dir='model'):
    (path,) = (project / work_dir).glob('iter_*.pth')
    return read_checkpoint(str(path))['state_dict']


def check_same_weights(found, wanted):
    assert {*found} == {*wanted}
    for key, value in wanted.items():
        assert torch.equal(found[key], value), key


def found_in(project):
    found = json.loads((project / 'choice.json').read_text())
    found.pop('seconds')
    return found


def test_what_is_written(whole):
    root, project, found = whole
    for name in FILES:
        assert (project / name).is_file()
    assert found_in(project)['method'] == found['method']
    for subset in SUBSETS:
        bank = FeatureBank.open(project / 'features' / subset)
        made = FeatureBank.open(root / 'made' / 'features' / subset)
        np.testing.assert_array_equal(bank.features, made.features)
    page = (project / 'index.html').read_text()
    for text in (found['why'], *found['warnings'], 'cross-fitted'):
        assert text.replace("'", '&#39;') in page
    names = {row['name'] for row in found['classes']}
    assert names == {*LabelIndex.open(project / 'index' / 'validation').info['class_names']}
    assert all(f'data-value="{escape(name)}"' in page for name in names)
    (checkpoint,) = (project / 'model').glob('iter_*.pth')
    assert f'<code>{checkpoint}</code>' in page
    assert f'mmnoisy clean {project} --out' in page
    before = found['validation']['before'][0]
    verdicts = LabelIndex.open(project / 'index' / 'validation').verdicts.value
    assert before == pytest.approx(100 * verdicts.mean())  # all verdicts are on noisy labels


def test_the_config_trains_to_the_same_weights(whole, tmp_path):
    _, project, found = whole
    cfg = load_config(
        project / 'config.py', str(tmp_path / 'work'), None, 'none', project / 'features'
    )
    build_runner(cfg).train()
    wanted = weights_of(project)
    check_same_weights(weights_of(tmp_path, 'work'), wanted)
    (run,) = (project / 'runs').iterdir()
    choice = choose(project / 'index', project / 'features', run, 0, SHORT)
    assert choice.method.name == found['method']
    check_same_weights(train_here(choice.config, tmp_path / 'here').state_dict(), wanted)


def test_the_config_keeps_other_rates(tmp_path, monkeypatch):
    monkeypatch.setattr(portfolio, 'RATES', (1 / 3, 1 / 3))
    project = make_project(tmp_path)
    run_project(project, settings_of(tmp_path, method='best'))
    cfg = load_config(
        project / 'config.py', str(tmp_path / 'work'), None, 'none', project / 'features'
    )
    assert cfg.optim_wrapper.optimizer.lr == 3e-4 / 3
    (run,) = (project / 'runs').iterdir()
    choice = choose(project / 'index', project / 'features', run, 0, SHORT, ['best'])
    check_same_weights(
        train_here(choice.config, tmp_path / 'here').state_dict(), weights_of(project)
    )


def test_nothing_is_done_twice(whole, trained):
    root, project, _ = whole
    before = found_in(project), (project / 'config.py').read_bytes()
    run_project(project, settings_of(root))
    assert not trained
    assert (found_in(project), (project / 'config.py').read_bytes()) == before


def test_a_project_that_was_moved_is_not_trained_anew(whole, trained, tmp_path, monkeypatch):
    """Into a folder whose name JSON writes in other letters, and called by another path."""
    root, project, _ = whole
    moved = shutil.copytree(project, tmp_path / 'été 2')
    run_project(moved, settings_of(root))
    monkeypatch.chdir(moved)
    run_project(Path('.'), settings_of(root))
    assert not trained
    index = LabelIndex.open('index/validation')
    other = index.verdicts.value ^ (np.arange(len(index.verdicts.value)) == 0)
    verdicts = index.verdicts._replace(value=other)
    rewrite_v(Path('.'), LabelIndex(index.image_ids, index.noisy, verdicts, index.info))
    run_project(Path('.'), settings_of(root))
    assert trained


def test_files_in_a_project_move_with_it(tmp_path):
    project = Project.open(make_project(tmp_path))
    file = shutil.copy(tmp_path / 'features.npy', project.folder / 'features.npy')
    keep_made_of(project, dict(features=str(file), bytes=1))
    import_features(project, file, tmp_path / 'ids.txt')
    assert finished(project, dict(features=str(file), bytes=1), [*SUBSETS])
    moved = Project.open(project.folder.rename(tmp_path / 'moved'))
    file = moved.folder / 'features.npy'
    assert finished(moved, dict(features=str(file), bytes=1), [*SUBSETS])
    with pytest.raises(InputError, match='made otherwise'):
        finished(moved, dict(features=str(tmp_path / 'features.npy'), bytes=1), [*SUBSETS])


@pytest.mark.parametrize('stop', [2, 9])
def test_a_run_that_was_ended_goes_on_to_the_same_files(whole, trained, tmp_path, stop):
    _, project, _ = whole
    other = make_project(tmp_path)
    trained.stop = stop
    with pytest.raises(KeyboardInterrupt):
        run_project(other, settings_of(tmp_path))
    done = trained[:-1]
    trained.stop = None
    trained.clear()
    run_project(other, settings_of(tmp_path))
    assert not {*done} & {*trained}
    assert found_in(other) == found_in(project)
    check_same_weights(weights_of(other), weights_of(project))


def test_two_processes_come_to_the_same_files(whole, tmp_path):
    _, project, _ = whole
    other = make_project(tmp_path)
    run_project(other, settings_of(tmp_path, processes=2))
    assert found_in(other) == found_in(project)
    check_same_weights(weights_of(other), weights_of(project))
    for path in sorted(project.rglob('parts/*.pth')):
        same = torch.load(other / path.relative_to(project), weights_only=True)['state_dict']
        check_same_weights(same, torch.load(path, weights_only=True)['state_dict'])


def test_other_verdicts_or_another_method_begin_anew(whole, trained, tmp_path):
    root, project, _ = whole
    other = tmp_path / 'project'
    shutil.copytree(project, other)
    found = run_project(other, settings_of(root, method='joint'))
    assert trained
    assert found['method'] == 'joint'
    assert len([*(other / 'runs').iterdir()]) == 1
    assert 'cleaning_head.hidden.weight' in weights_of(other)


def test_without_a_test_set(tmp_path):
    other = make_project(tmp_path)
    shutil.rmtree(other / 'index' / 'test')
    found = run_project(other, settings_of(tmp_path, method='finetune_clean'))
    assert found['test'] is None
    cfg = load_config(other / 'config.py', str(tmp_path / 'w'), None, 'none', other / 'features')
    build_runner(cfg).train()
    check_same_weights(weights_of(tmp_path, 'w'), weights_of(other))


def test_features_that_were_made_otherwise(whole, tmp_path):
    root, project, _ = whole
    other = tmp_path / 'project'
    shutil.copytree(project, other)
    with pytest.raises(InputError, match=r'features: holds features that were made otherwise'):
        run_project(other, settings_of(root, features=None, feature_ids=None))


def test_images_that_moved_to_v_keep_their_features(whole, tmp_path, trained):
    """As after mmnoisy import --verdicts FILE --into PROJECT."""
    root, whole_project, _ = whole
    project = shutil.copytree(whole_project, tmp_path / 'project')
    indexes = {name: LabelIndex.open(project / 'index' / name) for name in SUBSETS}
    banks = {name: FeatureBank.open(project / 'features' / name) for name in SUBSETS}
    moved = np.arange(len(indexes['train'])) == 5
    image_id = indexes['train'].image_ids[5]
    one = np.ones(1, np.int64)
    shape = (1, len(indexes['train'].classes))
    verdict = to_csr(np.zeros(1, int), one, one, one > 0, shape, np.add)
    added = add_verdicts(indexes['train'], indexes['validation'], np.array([5]), verdict).indexes
    for name, index in added.items():
        shutil.rmtree(project / 'index' / name)
        index.info['subset'] = name
        index.write(project / 'index' / name)
    run_project(project, settings_of(root))
    bank = FeatureBank.open(project / 'features/validation')
    assert bank.image_ids == added['validation'].image_ids
    np.testing.assert_array_equal(
        bank.features[bank.image_ids.row(image_id)], banks['train'].features[moved][0]
    )
    rest = bank.image_ids.rows(banks['validation'].image_ids)
    np.testing.assert_array_equal(bank.features[rest], banks['validation'].features)
    assert trained  # other labels are another choice
