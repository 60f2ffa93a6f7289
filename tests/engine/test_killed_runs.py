"""Runs that are killed with SIGKILL equal those that are not, bit for bit."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import REPO
from made_index import CONFIG, make_data_set
from mmengine.config import Config

from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.engine.sets import resolve

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')


def pictures(demo_root, folder):
    """The joint model on digits, flipped at random and loaded by two workers."""
    cfg = resolve(Config.fromfile(REPO / 'configs/joint_demo.py'))
    for part in (*cfg.train_dataloader.dataset.datasets, cfg.val_dataloader.dataset):
        part.data_root, part.indices = str(demo_root), 150
    for part in cfg.train_dataloader.dataset.datasets:
        flips = [dict(type='RandomFlip', prob=0.5), dict(type='RandomCrop', crop_size=28)]
        part.pipeline[1:1] = [*flips, dict(type='Resize', scale=32)]
    cfg.train_dataloader.update(batch_size=8, num_workers=2)
    cfg.val_dataloader.num_workers = 0
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    cfg.train_cfg.update(max_epochs=4, val_interval=2)
    cfg.param_scheduler.end = 4
    return cfg


def features(demo_root, folder):
    """The joint model on features of three views, without worker processes."""
    make_data_set(folder)
    for subset in ('train', 'validation', 'test'):
        ids = LabelIndex.open(folder / 'index' / subset).image_ids
        shutil.rmtree(folder / 'features' / subset)
        bank = FeatureBank.create(folder / 'features' / subset, ids, 3, 8, {})
        values = np.random.default_rng(len(ids)).normal(size=(len(ids), 3, 8))
        bank.write(np.arange(len(ids)), values.astype(np.float32))
    path = folder / 'features.py'
    path.write_text(CONFIG.format(classes=12, dim=8, root=folder))
    cfg = resolve(Config.fromfile(path))
    cfg.val_dataloader, cfg.val_evaluator = cfg.test_dataloader, cfg.test_evaluator
    cfg.val_cfg = dict()
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_iters=90, val_interval=30)
    cfg.log_processor = dict(by_epoch=False)
    return cfg


def survive(make, tmp_path, demo_root, kills, seed):
    """Kills a run of a config, and compares what is left of it with a run in peace."""
    cfg = make(demo_root, tmp_path)
    # Three steps, of an accumulation over two: every other checkpoint is in the middle of one.
    cfg.default_hooks.checkpoint = dict(
        type='WholeCheckpointHook', by_epoch=False, interval=3, max_keep_ckpts=2
    )
    cfg.optim_wrapper.accumulative_counts = 2
    cfg.custom_hooks += [dict(type='EMAHook', momentum=0.01)]
    cfg.log_level = 'WARNING'
    cfg.dump(tmp_path / 'run.py')
    command = [sys.executable, REPO / 'tests/killed_runs.py', tmp_path / 'run.py', tmp_path]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    done = subprocess.run(
        [*map(str, [*command, kills, seed])], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    assert json.loads((whole / 'metrics.json').read_text()) == json.loads(
        (killed / 'metrics.json').read_text()
    )
    name = (whole / 'last_checkpoint').read_text().rsplit('/')[-1]
    one, other = (torch.load(folder / name, weights_only=True) for folder in (whole, killed))
    assert one['meta']['iter'] == other['meta']['iter']
    for part in {'state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers'} & {*one}:
        assert_same(one[part], other[part])


def assert_same(one, other):
    """Equal to the last bit."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert [*one] == [*other]
        for key, value in one.items():
            assert_same(value, other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for value, others in zip(one, other):
            assert_same(value, others)
    else:
        assert one == other


@pytest.mark.parametrize('make', [pictures, features])
def test_three_kills(make, tmp_path, demo_root):
    survive(make, tmp_path, demo_root, kills=3, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize('make', [pictures, features])
def test_twenty_kills(make, tmp_path, demo_root):
    survive(make, tmp_path, demo_root, kills=20, seed=1)
