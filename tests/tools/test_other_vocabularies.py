"""The tools where noisy labels are of twelve classes and verdicts of five others."""

import csv
import json

import numpy as np
import pytest
import torch
from conftest import SUBSETS, write_csv
from made_index import CONFIG, make_data_set, make_labels, save_model
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmpretrain.registry import MODELS
from small_classifier import refused, run

from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import build_index
from mmnoisy.engine.sets import resolve

A, B = 12, 5
OBJECTS = [f'/m/object{k}' for k in range(B)]
CLEANING = """
model['cleaning_head'] = dict(
    type='LabelCleaningHead',
    num_classes=5,
    noisy_classes=12,
    in_channels=8,
    class_map='{root}/pairs.csv',
)
custom_hooks.append(dict(type='ProgressHook'))
val_dataloader, val_evaluator, val_cfg = test_dataloader, test_evaluator, test_cfg
"""
PLAIN = """
model['cleaning_head'] = None
noisy_set['ann_file'] = '{root}/cleaned/index'
train_dataloader['dataset'] = 'noisy_set'
train_dataloader['sampler'] = dict(type='RatioSampler')
"""


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root, num_classes=A)
    (root / 'index').rename(root / 'index_noisy')
    for seed, subset in enumerate(SUBSETS):
        noisy = LabelIndex.open(root / 'index_noisy' / subset)
        other = make_labels(len(noisy), B, subset, seed)
        info = {**other.info, 'classes': OBJECTS, 'noisy_classes': noisy.classes}
        LabelIndex(noisy.image_ids, noisy.noisy, other.verdicts, info).write(
            root / 'index' / subset
        )
    write_csv(root / 'pairs.csv', [('NoisyId', 'Id'), (0, 0), (3, 1), (7, 1)])
    text = CONFIG.format(classes=B, dim=8, root=root)
    (root / 'config.py').write_text(text + CLEANING.format(root=root))
    (root / 'plain.py').write_text(text + PLAIN.format(root=root))
    save_model(root / 'config.py', root / 'model.pth')
    run('clean_labels.py', root / 'config.py', root / 'model.pth', '--out', root / 'cleaned')
    return root


def test_the_cleaned_set_has_the_classes_of_the_verdicts(root):
    before, after = (LabelIndex.open(root / f) for f in ('index/train', 'cleaned/index'))
    model = MODELS.build(resolve(Config.fromfile(root / 'config.py')).model).eval()
    load_checkpoint(model, str(root / 'model.pth'), logger='silent')
    y = torch.zeros(len(before), A)
    y[
        np.repeat(np.arange(len(before)), np.diff(before.noisy.start)),
        before.noisy.label.astype(int),
    ] = 1
    features = torch.from_numpy(np.load(root / 'features/train/features.npy')[:, 0]).float()
    with torch.no_grad():
        expected = model.cleaning_head((features,), y).labels.numpy()
    assert not (np.abs(expected - 0.5) < 1e-5).any()
    found = np.zeros_like(expected)
    image = np.repeat(np.arange(len(after)), np.diff(after.noisy.start))
    found[image, after.noisy.label] = after.noisy.value
    assert 100 < (expected >= 0.5).sum() < expected.size - 100
    np.testing.assert_allclose(found, np.where(expected >= 0.5, expected, 0), atol=1e-5)

    assert after.classes == after.noisy_classes == OBJECTS
    files = {
        'machine': ReleaseFile(root / 'cleaned/train-annotations-machine-imagelabels.csv'),
        'images': ReleaseFile(root / 'cleaned/train-images.csv'),
    }
    for one, other in zip(build_index(files, after.info).noisy, after.noisy):
        np.testing.assert_array_equal(one, other)
    with open(root / 'cleaned/changes.csv', newline='') as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == len(after.noisy.label)
    assert {(row['Kind'], row['Before']) for row in rows} == {('added', '')}


def test_it_trains_a_classifier_without_a_cleaning_head(root, tmp_path):
    run('train.py', root / 'plain.py', '--work-dir', tmp_path)
    state = torch.load(tmp_path / 'epoch_1.pth', weights_only=False)
    assert [*state['meta']['dataset_meta']['classes']] == OBJECTS


def test_the_mapping_model_is_tested_on_its_own_classes(root, tmp_path):
    run('test.py', root / 'config.py', root / 'model.pth', '--out', tmp_path / 'metrics.json')
    values = json.loads((tmp_path / 'metrics.json').read_text())
    assert values['num_classes'] == B


def test_what_needs_one_vocabulary_refuses(root, capsys, tmp_path):
    complaint = 'its noisy labels are of 12 other classes than the 5 of its verdicts'
    files = root / 'config.py', root / 'model.pth'
    out = '--out', tmp_path / 'out'
    assert complaint in refused(capsys, 'review_queue.py', *files, *out)
    folders = '--index', root / 'index', '--features', root / 'features'
    assert complaint in refused(capsys, 'compare.py', *folders, *out)
    line = refused(capsys, 'test.py', root / 'plain.py', root / 'model.pth')
    assert 'noisy_classes=None: the noisy labels of the dataset are of 12 other classes' in line
    line = refused(capsys, 'train.py', files[0], '--hold-back', 9, '--work-dir', tmp_path)
    assert '--hold-back: the noisy labels are of other classes than the verdicts' in line
