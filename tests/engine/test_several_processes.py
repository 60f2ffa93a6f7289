"""One, two and four processes are one and the same training."""

import json
import os
import subprocess
import sys

import pytest
import torch
from conftest import REPO
from test_killed_runs import features, pictures

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')


@pytest.mark.parametrize('make', [pictures, features])
def test_same_images_weights_and_metrics(make, tmp_path, demo_root):
    cfg = make(demo_root, tmp_path)
    cfg.train_dataloader.update(batch_size=16, num_workers=0)
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_iters=50, val_interval=50)
    cfg.param_scheduler = None
    cfg.log_processor = dict(by_epoch=False)
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.01, momentum=0.9)
    cfg.default_hooks.checkpoint = dict(type='WholeCheckpointHook', by_epoch=False, interval=50)
    cfg.log_level = 'WARNING'
    cfg.dump(tmp_path / 'run.py')
    command = [sys.executable, REPO / 'tests/gloo_runs.py', tmp_path / 'run.py', tmp_path / 'out']
    done = subprocess.run(
        [*map(str, command), '1', '2', '4'],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    batches, weights, metrics = zip(*(result_of(tmp_path / 'out', n) for n in (1, 2, 4)))
    assert batches[0] == batches[1] == batches[2]
    assert len(batches[0]) == 50
    assert metrics[0] == metrics[1] == metrics[2]
    for others in weights[1:]:
        for key, value in weights[0].items():
            torch.testing.assert_close(others[key], value, rtol=0, atol=1e-5)


def result_of(out, processes):
    """Images of every step, weights and metrics of a run."""
    folder = out / str(processes)
    ranks = [json.loads((folder / f'images{k}.json').read_text()) for k in range(processes)]
    batches = [sorted(image for rank in ranks for image in rank[step]) for step in range(50)]
    state = torch.load(folder / 'iter_50.pth', weights_only=True)['state_dict']
    return batches, state, json.loads((folder / 'metrics.json').read_text())
