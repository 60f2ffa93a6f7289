"""Trains a config in several processes without a GPU, forked from one that imported everything.

    python tests/gloo_runs.py CONFIG OUT KILL PROCESSES...

For every number W of processes OUT/W holds a run, and OUT/resumedW what becomes with W of a run of
two processes that was killed before step KILL. Each has the checkpoints, ``metrics.json`` of the
last evaluation and ``rank<rank>.json``, the images of every step and the number of weights that the
process kept. The batch of all processes together is the same.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path

from conftest import free_port
from mmengine.config import Config
from mmengine.hooks import Hook

from mmnoisy.engine.runner import build_runner, resume_from
from mmnoisy.engine.sets import resolve


class RememberImages(Hook):
    """Keeps the images of every step, and kills the process before one of them."""

    def __init__(self, kill):
        self.images = []
        self.kill = kill

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        self.images.append(runner.train_loop.image_ids(runner.iter))


def train(config, work_dir, rank, processes, kill):
    cfg = resolve(Config.fromfile(config))
    cfg.work_dir, cfg.launcher = str(work_dir), 'pytorch' if processes > 1 else 'none'
    resume_from(cfg, 'auto')
    runner = build_runner(cfg)
    images = RememberImages(kill)
    runner.register_hook(images)
    runner.train()
    weights = sum(parameter.numel() for parameter in runner.model.parameters())
    seen = dict(images=images.images, weights=weights)
    (work_dir / f'rank{rank}.json').write_text(json.dumps(seen))
    if rank == 0:
        names = ('val/AP_all', 'val/MAP')
        metrics = {name: runner.message_hub.get_scalar(name).current() for name in names}
        (work_dir / 'metrics.json').write_text(json.dumps(metrics))


def start(config, work_dir, rank, processes, port, kill):
    """The id of a process that trains."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        where = dict(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=processes, MASTER_PORT=port)
        os.environ.update({name: str(value) for name, value in where.items()})
        os.environ['MASTER_ADDR'] = '127.0.0.1'
        train(config, work_dir, rank, processes, kill)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def run(config, work_dir, processes, kill=None):
    """Trains, or goes on, in a number of processes; returns how each of them ended."""
    port, ranks = free_port(), range(processes)
    pids = [start(config, work_dir, rank, processes, port, kill) for rank in ranks]
    return [os.waitpid(pid, 0)[1] for pid in pids]


def require_whole(ended):
    assert not any(ended), f'processes ended with {ended}'


def main(config, out, kill, numbers):
    for processes in numbers:
        require_whole(run(config, out / str(processes), processes))
    assert run(config, out / 'killed', 2, kill) == [signal.SIGKILL] * 2
    for processes in {*numbers} - {2}:
        resumed = out / f'resumed{processes}'
        shutil.copytree(out / 'killed', resumed)
        require_whole(run(config, resumed, processes))


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), [*map(int, sys.argv[4:])])
