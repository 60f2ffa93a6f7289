"""One, two and four processes are one and the same training."""

import json
import os
import subprocess
import sys

import pytest
import torch
from conftest import REPO
from test_killed_runs import features, pictures

KILL = 37
RUNS = {'1': 1, '2': 2, '4': 4, 'resumed1': 1, 'resumed4': 4}  # names and numbers of processes

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')


@pytest.mark.parametrize('make', [pictures, features])
def test_same_images_weights_and_metrics(make, tmp_path, demo_root):
    cfg = make(demo_root, tmp_path)
    cfg.train_dataloader.update(batch_size=16, num_workers=0)
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_iters=50, val_interval=50)
    cfg.param_scheduler = None
    cfg.log_processor = dict(by_epoch=False)
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.01, momentum=0.9)
    # Of an accumulation over two, step 25 is in the middle: the killed run resumes from there.
    cfg.optim_wrapper.accumulative_counts = 2
    cfg.default_hooks.checkpoint = dict(type='WholeCheckpointHook', by_epoch=False, interval=25)
    cfg.log_level = 'WARNING'
    cfg.dump(tmp_path / 'run.py')
    command = [sys.executable, REPO / 'tests/gloo_runs.py', tmp_path / 'run.py', tmp_path / 'out']
    done = subprocess.run(
        [*map(str, command), str(KILL)],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    runs = [result_of(tmp_path / 'out', name, n) for name, n in RUNS.items()]
    batches, weights, metrics = zip(*runs)
    assert len(batches[0]) == 50
    for name, others in zip(RUNS, batches):
        assert others == batches[0][25 if 'resumed' in name else 0 :]
    assert all(others == metrics[0] for others in metrics)
    for others in weights[1:]:
        for key, value in weights[0].items():
            torch.testing.assert_close(others[key], value, rtol=0, atol=1e-5)


def result_of(out, name, processes):
    """Images of every step, weights and metrics of a run."""
    folder = out / name
    ranks = [json.loads((folder / f'images{k}.json').read_text()) for k in range(processes)]
    batches = [sorted(image for rank in step for image in rank) for step in zip(*ranks)]
    state = torch.load(folder / 'iter_50.pth', weights_only=True)['state_dict']
    return batches, state, json.loads((folder / 'metrics.json').read_text())
