"""Trains a config twice: once in peace, and once killed again and again and resumed.

    python tests/killed_runs.py CONFIG OUT KILLS SEED

Work dirs are OUT/whole and OUT/killed. A run reports its steps through a pipe: it is killed from
outside when it has reported the one that was drawn for its life, wherever it then is on its way to
the next checkpoint. Runs are forked from a process that has imported everything, so that a start
takes a second.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.hooks import Hook

from mmnoisy.engine.runner import build_runner, resume_from
from mmnoisy.engine.sets import resolve
from mmnoisy.io.atomic import write_json


class ReportSteps(Hook):
    """Writes a line before every step, and waits for its end where that is overdue."""

    def __init__(self, pipe, last):
        self.pipe, self.last = pipe, last

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        os.write(self.pipe, f'{runner.iter}\n'.encode())
        while runner.iter >= self.last:
            signal.pause()


def train(config, work_dir, pipe, last):
    """Trains, or goes on, to the end, and writes down what the last evaluation gave."""
    cfg = resolve(Config.fromfile(config))
    cfg.work_dir, cfg.launcher = str(work_dir), 'none'
    resume_from(cfg, 'auto')
    runner = build_runner(cfg)
    runner.register_hook(ReportSteps(pipe, last))
    runner.train()
    names = ('val/AP_all', 'val/MAP')
    metrics = {name: runner.message_hub.get_scalar(name).current() for name in names}
    write_json(work_dir / 'metrics.json', metrics)


def live(config, work_dir, kill=float('inf'), slack=0):
    """Trains, and kills the run after it has reported the step ``kill``.

    Returns the steps that were reported.
    """
    sys.stdout.flush()
    reports, pipe = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            name = work_dir.parent / f'{work_dir.name}.txt'
            log = os.open(name, os.O_CREAT | os.O_APPEND | os.O_RDWR)
            os.dup2(log, 1)
            os.dup2(log, 2)
            train(config, work_dir, pipe, kill + slack)
            status = 0
        finally:
            os._exit(status)
    os.close(pipe)
    steps = []
    with open(reports) as lines:
        for line in lines:
            steps.append(int(line))
            if steps[-1] >= kill:
                os.kill(pid, signal.SIGKILL)
                break
    ended = os.waitpid(pid, 0)[1]
    assert ended == (0 if kill == float('inf') else signal.SIGKILL), f'see {work_dir}.txt'
    return steps


def main(config, out, kills, seed):
    interval = Config.fromfile(config).default_hooks.checkpoint.interval
    number = len(live(config, out / 'whole'))
    rng = np.random.default_rng(seed)
    # Every life gets further than the last, past a checkpoint or before the next one.
    for kill in sorted(rng.choice(np.arange(1, number - interval), kills, replace=False)):
        live(config, out / 'killed', int(kill), interval)
    assert live(config, out / 'killed')[-1] == number - 1


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
