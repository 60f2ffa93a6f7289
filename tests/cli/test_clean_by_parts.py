"""A project is cleaned, and asked about, by networks that have not learned from the labels."""

import json
import shutil
import sys

import numpy as np
import pytest
import torch
from conftest import read_rows
from made_project import make_project, settings_of

from mmnoisy.cleaning import cross_fit
from mmnoisy.cli.main import main
from mmnoisy.datasets import LabelIndex
from mmnoisy.engine.config import load_config
from mmnoisy.engine.sets import build_set
from mmnoisy.engine.trained_model import load_classifier
from mmnoisy.experiments.project_run import run_project


def mmnoisy(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['mmnoisy', *map(str, arguments)])
    main()


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A project that was run where it is no more, and what it found."""
    root = tmp_path_factory.mktemp('made')
    found = run_project(make_project(root), settings_of(root, method='finetune_clean'))
    shutil.rmtree(root / 'project/runs')
    (root / 'project').rename(root / 'moved')
    return root / 'moved', found


def said_by_each(project, subset, config, weights):
    """(K, N, C) cleaned values and scores of a set by each of K networks, image by image."""
    cfg = load_config(config, features=project / 'features')
    data, found = build_set(cfg, subset), []
    for path in weights:
        model = load_classifier(cfg, str(path))
        of_model = []
        for row in range(len(data)):
            batch = model.data_preprocessor(data.__getitems__([row]))
            with torch.no_grad():
                feats = model.extract_feat(batch['inputs'])
                noisy, _, _ = model.targets(batch['data_samples'], feats[-1].device)
                cleaned = model.cleaning_head(feats, noisy).labels
                of_model.append(torch.cat([cleaned, model.head(feats).sigmoid()]).numpy())
        found.append(of_model)
    return data.index, np.array(found).transpose(2, 0, 1, 3)


def test_labels_are_cleaned_and_ranked_by_who_has_not_seen_them(made, monkeypatch):
    project, found = made
    mmnoisy(monkeypatch, 'clean', project)
    trained, train_on_part = [], cross_fit.train_on_part

    def watched(cfg, subset, *more):
        trained.append((cfg.model.cleaning_head.type, subset))
        return train_on_part(cfg, subset, *more)

    monkeypatch.setattr(cross_fit, 'train_on_part', watched)
    mmnoisy(monkeypatch, 'review', project, '--size', 30, '--folds', 2)
    assert trained == [('HierarchicalCleaningHead', 'validation')] * 2
    parts = project / 'model/parts'
    part, weights = np.load(parts / 'part.npy'), [parts / f'{k}.pth' for k in range(3)]
    for subset in ('train', 'validation', 'test'):
        index, (cleaned, score) = said_by_each(project, subset, parts / 'cleaner.py', weights)
        assert np.ptp(cleaned, axis=0).max() > 1e-3  # the networks are not the same
        if subset == 'train':
            cleaned, score = (one[part, np.arange(len(part))] for one in (cleaned, score))
        else:
            cleaned, score = cleaned.mean(0), score.mean(0)
        files = [project / f'cleaned/{subset}/changes.csv']
        files += [project / 'review/review.csv'] if subset == 'train' else []
        for row in (row for file in files for row in read_rows(file)):
            cell = index.image_ids.row(row['ImageID']), index.classes.index(row['LabelName'])
            assert float(row['Cleaned']) == pytest.approx(cleaned[cell], abs=1e-4)
            assert float(row['Score']) == pytest.approx(score[cell], abs=1e-4)
        if subset == 'test':
            image = np.repeat(np.arange(len(index)), np.diff(index.verdicts.start))
            label, present = index.verdicts.label.astype(int), index.verdicts.value
            right = (cleaned[image, label] >= 0.5) == present  # all verdicts are on noisy labels
            assert found['test']['after'][0] == pytest.approx(100 * right.mean())


def test_networks_of_another_t_clean_nothing(made, tmp_path, monkeypatch, capsys):
    project = shutil.copytree(made[0], tmp_path / 'project')
    index = LabelIndex.open(project / 'index/train')
    shutil.rmtree(project / 'index/train')
    index.select(np.arange(len(index)) > 0).write(project / 'index/train')
    for command in ('clean', 'review'):
        with pytest.raises(SystemExit) as ended:
            mmnoisy(monkeypatch, command, project)
        assert ended.value.code == 2
        assert 'run mmnoisy run again' in capsys.readouterr().err.splitlines()[-1]


def test_a_checkpoint_that_is_named_cleans(made, tmp_path, monkeypatch):
    project = shutil.copytree(made[0], tmp_path / 'project')
    shutil.rmtree(project / 'cleaned', ignore_errors=True)
    mmnoisy(monkeypatch, 'clean', project, project / 'model')
    weights = [*(project / 'model').glob('iter_*.pth')]
    index, (cleaned, _) = said_by_each(project, 'train', project / 'config.py', weights)
    for row in read_rows(project / 'cleaned/train/changes.csv'):
        cell = index.image_ids.row(row['ImageID']), index.classes.index(row['LabelName'])
        assert float(row['Cleaned']) == pytest.approx(cleaned[0][cell], abs=1e-4)


def test_a_project_without_pictures_is_looked_at_by_names(made, tmp_path, monkeypatch, capsys):
    project = shutil.copytree(made[0], tmp_path / 'project')
    info = json.loads((project / 'project.json').read_text())
    (project / 'project.json').write_text(json.dumps({**info, 'pictures': None}))
    mmnoisy(monkeypatch, 'clean', project)
    mmnoisy(monkeypatch, 'view', project, '--sample', 7)
    said = capsys.readouterr()
    assert f'7 images, written to {project}/view/index.html' in said.out
    assert 'missing' not in said.err
    page = (project / 'view/index.html').read_text('utf-8')
    assert '7 of them without a picture are shown by their ids.' in page
    shown = [name for name in LabelIndex.open(project / 'index/train').image_ids if name in page]
    assert len(shown) == 7
    with pytest.raises(SystemExit):
        mmnoisy(monkeypatch, 'view', project / 'cleaned/train', '--out', tmp_path / 'view')
    assert '--images PATH: is missing' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['clean', 'gone'], 'gone: there is no such config file'),
        (['review', 'gone'], 'gone: there is no such config file'),
        (['calibrate', 'gone'], 'gone: there is no such config file'),
        (['clean', '{}', '--subset', 'test'], 'of a project all sets are cleaned'),
        (['extract_features', '{}', '--out', 'x'], 'looks at features that were given'),
        (['view', 'gone'], 'gone: there is no such folder'),
        (['dataset_stats', '{}', '--out', 'x'], 'such as {}/index/train'),
    ],
)
def test_what_is_meant_in_place_of_it(made, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(made[0].parent)
    arguments = [one.format(made[0].name) for one in arguments]
    with pytest.raises(SystemExit) as ended:
        mmnoisy(monkeypatch, *arguments)
    assert ended.value.code == 2
    assert sentence.format(made[0].name) in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize('command', ['clean', 'review', 'calibrate'])
def test_a_run_that_has_not_ended_leaves_no_model_yet(made, tmp_path, monkeypatch, capsys, command):
    project = shutil.copytree(made[0], tmp_path / 'project')
    shutil.rmtree(project / 'model')
    with pytest.raises(SystemExit):
        mmnoisy(monkeypatch, command, project)
    assert f'{project}: has no model yet; run mmnoisy run {project}' in capsys.readouterr().err
