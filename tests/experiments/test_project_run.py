"""A project from its labels to its model: what is written, done once, and gone on with."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from made_project import SHORT, SUBSETS, make_project, settings_of
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
    _rewrite(Path('.'), LabelIndex(index.image_ids, index.noisy, verdicts, index.info))
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


def of_version_2(root, project):
    info = json.loads((project / 'project.json').read_text())
    (project / 'project.json').write_text(json.dumps({**info, 'version': 2}))


def no_verdict(root, project):
    index = LabelIndex.open(project / 'index' / 'validation')
    _rewrite(project, index.select(np.zeros(len(index), bool)))


def one_verified(root, project):
    index = LabelIndex.open(project / 'index' / 'validation')
    _rewrite(project, index.select(np.arange(len(index)) == 5))


def _rewrite(project, index):
    shutil.rmtree(project / 'index' / 'validation')
    index.write(project / 'index' / 'validation')


def too_few_rows(root, project):
    np.save(root / 'features.npy', np.load(root / 'features.npy')[:-1])


def three_axes(root, project):
    np.save(root / 'features.npy', np.load(root / 'features.npy')[:, :, None])


def no_array(root, project):
    (root / 'features.npy').write_text('none')


def no_file(root, project):
    (root / 'features.npy').unlink()


def other_ids(root, project):
    ids = (root / 'ids.txt').read_text().split()
    (root / 'ids.txt').write_text('\n'.join(['x', *ids[1:]]))


def twice(root, project):
    ids = (root / 'ids.txt').read_text().split()
    (root / 'ids.txt').write_text('\n'.join([ids[1], *ids[1:]]))


def no_text(root, project):
    (root / 'ids.txt').write_bytes(b'\xff\xfe\xff')


def too_large(root, project):
    np.save(root / 'features.npy', 1e6 * np.load(root / 'features.npy').astype('f4'))


@pytest.mark.parametrize(
    ('spoil', 'sentence'),
    [
        (lambda *_: _[1].joinpath('project.json').unlink(), 'there is no project here; make it'),
        (of_version_2, 'is not a project of version 1'),
        (lambda *_: shutil.rmtree(_[1] / 'index' / 'validation'), 'there is no label index here'),
        (no_verdict, 'validation: has 0 verified images and 0 present labels; verify at least two'),
        (one_verified, 'validation: has 1 verified image and'),
        (too_few_rows, r'features.npy: has 419 rows, and .*ids.txt has 420 images'),
        (three_axes, r'features.npy: holds float16 of shape \(420, 8, 1\); give an array'),
        (no_array, r'features.npy: is missing or truncated'),
        (no_file, r'features.npy'),
        (other_ids, r'ids.txt: lacks 1 image of .*train, the first is'),
        (twice, r'ids.txt: has 1 id twice'),
        (no_text, r'ids.txt: cannot be read'),
        (too_large, r'features.npy: a feature is .*which float16 does not hold'),
    ],
)
def test_wrong_input(tmp_path, spoil, sentence):
    project = make_project(tmp_path)
    spoil(tmp_path, project)
    with pytest.raises((InputError, FileNotFoundError), match=sentence):
        run_project(project, settings_of(tmp_path))
    assert not (project / 'choice.json').exists()


def test_a_method_that_is_none_is_told_before_any_work(tmp_path):
    project = make_project(tmp_path)
    with pytest.raises(InputError, match=r'--method jiont: is none; did you mean joint\?'):
        run_project(project, settings_of(tmp_path, method='jiont'))
    assert not (project / 'features').exists()


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
