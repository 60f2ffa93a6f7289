"""Trains a config in several processes without a GPU, forked from one that imported everything.

    python tests/gloo_runs.py CONFIG OUT PROCESSES...

For every number W of processes OUT/W holds the checkpoint, ``metrics.json`` of the last evaluation
and ``images<rank>.json``, the images of every step. The batch of all processes together is
the same.
"""

import json
import os
import socket
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook

from mmnoisy.engine.launch import build_runner


class RememberImages(Hook):
    """Keeps the images of every step."""

    def __init__(self):
        self.images = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.images.append(runner.train_loop.image_ids())


def train(config, work_dir, rank, processes):
    cfg = Config.fromfile(config)
    cfg.work_dir, cfg.launcher = str(work_dir), 'pytorch' if processes > 1 else 'none'
    cfg.train_dataloader.batch_size //= processes
    runner = build_runner(cfg)
    images = RememberImages()
    runner.register_hook(images)
    runner.train()
    (work_dir / f'images{rank}.json').write_text(json.dumps(images.images))
    if rank == 0:
        names = ('val/AP_all', 'val/MAP')
        metrics = {name: runner.message_hub.get_scalar(name).current() for name in names}
        (work_dir / 'metrics.json').write_text(json.dumps(metrics))


def start(config, work_dir, rank, processes, port):
    """The id of a process that trains."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        where = dict(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=processes, MASTER_PORT=port)
        os.environ.update({name: str(value) for name, value in where.items()})
        os.environ['MASTER_ADDR'] = '127.0.0.1'
        train(config, work_dir, rank, processes)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def main(config, out, numbers):
    for processes in numbers:
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        pids = [
            start(config, out / str(processes), rank, processes, port) for rank in range(processes)
        ]
        assert not any(os.waitpid(pid, 0)[1] for pid in pids)


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]), [*map(int, sys.argv[3:])])
