"""The tool on a small release with pictures, against the way through the pictures themselves."""

import copy
import os
import runpy
import signal
import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from conftest import REPO, SUBSETS, write_release
from locked import holder
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, MODELS

from mmnoisy.datasets import FeatureBank
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare
from mmnoisy.engine.feature_extraction import Views
from mmnoisy.engine.sets import resolve
from mmnoisy.engine.transforms import on_features

TOOL = str(REPO / 'tools/extract_features.py')
CONFIG = """
_base_ = [
    '{configs}/_base_/datasets/open_images.py',
    '{configs}/_base_/schedules/tiny_baseline.py',
    '{configs}/_base_/default_runtime.py',
]
keys = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')
pack = dict(type='PackInputs', algorithm_keys=keys)
train = [dict(type='LoadRandomResizedCrop', scale=64), dict(type='RandomFlip', prob=0.5), pack]
test = [dict(type='LoadPicture'), dict(type='Resize', scale=64), pack]
data_root = '{root}'
train_pipeline, test_pipeline = train, test
train_dataloader = dict(dataset='noisy_set')
val_dataloader = dict(batch_size=5, num_workers=0)
test_dataloader = val_dataloader
visualizer = dict(type='UniversalVisualizer', vis_backends=[])
model = dict(
    type='DualHeadClassifier',
    data_preprocessor=dict(mean=[127.0] * 3, std=[60.0] * 3, to_rgb=True, num_classes=6),
    backbone=dict(type='ResNet', depth=18, stem_channels=8, base_channels=8),
    neck=dict(type='GlobalAveragePooling'),
    freeze_backbone=True,
    head=dict(type='MultiLabelLinearClsHead', num_classes=6, in_channels=64),
)
"""


def arguments(workspace, out, *more):
    files = [str(workspace.root / name) for name in ('config.py', 'weights.pth')]
    options = ['--views', '3', '--batch-size', '6', '--num-workers', '0', '--shard-images', '2']
    return [*files, '--out', str(workspace.root / out), *options, *more]


def extract(monkeypatch, *command):
    monkeypatch.setattr(sys, 'argv', [TOOL, *command])
    runpy.run_path(TOOL, run_name='__main__')


def assert_same_banks(a, b):
    for path in sorted(a.rglob('*.*')):
        assert path.read_bytes() == (b / path.relative_to(a)).read_bytes(), path


@pytest.fixture(scope='module')
def workspace(tmp_path_factory):
    """A release, a model with random weights as a checkpoint, its features, two configs."""
    root = tmp_path_factory.mktemp('release')
    write_release(root, num_images=11)
    rng = np.random.default_rng(0)
    for path in root.glob('*/*.jpg'):  # noise looks all the same; these have colours
        cv2.imwrite(str(path), cv2.resize(rng.integers(256, size=(3, 3, 3), dtype='u1'), (48, 40)))
    prepare(find_release(root), root / 'index')
    places = dict(configs=REPO / 'configs', root=root)
    (root / 'config.py').write_text(CONFIG.format(**places))
    cfg = Config.fromfile(root / 'config.py')
    resolve(cfg)
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    torch.nn.init.normal_(model.head.fc.weight, std=0.3)
    torch.save(dict(state_dict=model.state_dict()), root / 'weights.pth')
    workspace = SimpleNamespace(root=root, cfg=cfg, model=model.eval())
    with pytest.MonkeyPatch.context() as monkeypatch:
        extract(monkeypatch, *arguments(workspace, 'features'))
    return workspace


def test_features_equal_those_of_every_picture_by_itself(workspace):
    for subset, name in zip(SUBSETS, ('noisy_set', 'verified_set', 'test_set')):
        bank = FeatureBank.open(workspace.root / 'features' / subset)
        assert bank.features.shape == (11, 1 if subset == 'test' else 3, 64)
        dataset = DATASETS.build(
            {**workspace.cfg[name], 'pipeline': workspace.cfg.test_set.pipeline}
        )
        for i in range(11):
            sample = dataset[i]
            batch = dict(inputs=sample['inputs'][None], data_samples=[sample['data_samples']])
            with torch.no_grad():
                inputs = workspace.model.data_preprocessor(batch)['inputs']
                feats = workspace.model.extract_feat(inputs)[-1][0]
            np.testing.assert_allclose(bank.features[i, 0], feats, atol=1e-4, rtol=1e-3)
            views = np.unique(bank.features[i], axis=0)
            assert len(views) == bank.features.shape[1]
        assert np.std(bank.features[:, 0], axis=0, dtype=float).mean() > 0.02


def test_average_precision_equals_that_of_the_pictures(workspace, tmp_path):
    values = []
    for cfg in (workspace.cfg, on_features(workspace.cfg, workspace.root / 'features')):
        cfg = copy.deepcopy(cfg)
        cfg.work_dir, cfg.load_from = str(tmp_path), str(workspace.root / 'weights.pth')
        cfg.experiment_name = cfg.model.backbone.type
        values.append(Runner.from_cfg(cfg).test())
    pictures, features = values
    assert 0 < pictures['MAP'] < 100
    assert features == pytest.approx(pictures, abs=1e-3)


def test_views_do_not_depend_on_what_was_drawn_before(workspace):
    train = DATASETS.build(workspace.cfg.noisy_set)
    views = Views(train, train)
    first = [views[row, 1]['inputs'] for row in (4, 5)]
    np.random.rand(3)
    again = [views[row, 1]['inputs'] for row in (5, 4)]
    assert torch.equal(first[0], again[1])
    assert torch.equal(first[1], again[0])
    assert not torch.equal(first[0], views[4, 2]['inputs'])


KILLED = """
import os, runpy, signal, sys
from mmnoisy.io.shards import Shards
write, calls = Shards.write, []
def killing_write(shards, number, part):
    calls.append(number)
    if len(calls) == 9:  # six shards are train, this is the third one of validation
        os.kill(os.getpid(), signal.SIGKILL)
    write(shards, number, part)
Shards.write = killing_write
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def test_a_killed_run_goes_on_to_the_same_bits(workspace, monkeypatch):
    command = [sys.executable, '-c', KILLED, TOOL, *arguments(workspace, 'killed')]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    killed = workspace.root / 'killed'
    assert not (killed / 'validation').exists()
    finished = [*killed.glob('.validation.unfinished/*.parquet')]
    assert [path.name for path in sorted(finished)] == ['000000.parquet', '000001.parquet']
    made = (killed / 'train/features.npy').stat().st_mtime_ns
    extract(monkeypatch, *arguments(workspace, 'killed'))
    assert_same_banks(workspace.root / 'features', killed)
    assert (killed / 'train/features.npy').stat().st_mtime_ns == made
    assert not [*killed.glob('.*')]
    assert not (workspace.root / '.killed.lock').exists()


def test_a_second_run_is_refused_while_the_first_lives(workspace, monkeypatch, capsys):
    command, out = arguments(workspace, 'locked'), workspace.root / 'locked'
    with holder(out) as first:
        with pytest.raises(SystemExit) as end:
            extract(monkeypatch, *command)
        assert end.value.code == 2
        told = f'locked: a run is writing there (process {first.pid} on '
        assert told in capsys.readouterr().err
        assert not out.exists()
        first.kill()
        first.wait()
        extract(monkeypatch, *command)  # a dead run has left no lock
        first.stdin.close()
    assert_same_banks(workspace.root / 'features', out)


def test_two_processes_share_the_work(workspace):
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    command += [TOOL, *arguments(workspace, 'shared')]
    # As many threads as here, else the sums in a convolution may differ in the last bit.
    threads = {'OMP_NUM_THREADS': str(torch.get_num_threads())}
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **threads})
    assert result.returncode == 0, result.stderr
    assert_same_banks(workspace.root / 'features', workspace.root / 'shared')


def test_refusals(workspace, monkeypatch, capsys, tmp_path):
    def refused(*command):
        with pytest.raises(SystemExit) as end:
            extract(monkeypatch, *command)
        assert end.value.code == 2
        return capsys.readouterr().err

    config, out = str(workspace.root / 'config.py'), ['--out', str(tmp_path / 'out')]
    assert 'names no weights of its backbone; give a checkpoint' in refused(config, *out)
    assert 'gone.pth: there is no such checkpoint' in refused(config, 'gone.pth', *out)
    torch.save({'head.fc.weight': torch.zeros(1)}, tmp_path / 'head.pth')
    assert 'other weights of the backbone' in refused(config, str(tmp_path / 'head.pth'), *out)
    assert 'at least 1' in refused(config, *out, '--views', '0')
    again = arguments(workspace, 'features', '--cfg-options', 'model.data_preprocessor.to_rgb=0')
    assert 'another run (other data_preprocessor)' in refused(*again)
    cfg = '--cfg-options', 'noisy_set=None'
    assert 'the config has no set of this name' in refused(*arguments(workspace, 'none', *cfg))
    next((workspace.root / 'train').iterdir()).write_bytes(b'')
    assert 'cannot be read as a picture' in refused(*arguments(workspace, 'unreadable'))
