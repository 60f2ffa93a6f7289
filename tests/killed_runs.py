"""Trains a config twice: once in peace, and once killed at random moments and resumed.

    python tests/killed_runs.py CONFIG OUT KILLS SEED

Work dirs are OUT/whole and OUT/killed; the number of kills is printed. Runs are forked from a
process that has imported everything, so that a start takes a second.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmnoisy.engine.runner import build_runner, resume_from
from mmnoisy.engine.sets import resolve
from mmnoisy.io.atomic import write_json


def train(config, work_dir):
    """Trains, or goes on, to the end, and writes down what the last evaluation gave."""
    cfg = resolve(Config.fromfile(config))
    cfg.work_dir, cfg.launcher = str(work_dir), 'none'
    resume_from(cfg, 'auto')
    runner = build_runner(cfg)
    runner.train()
    names = ('val/AP_all', 'val/MAP')
    metrics = {name: runner.message_hub.get_scalar(name).current() for name in names}
    write_json(work_dir / 'metrics.json', metrics)


def start(config, work_dir):
    """The id of a process that trains."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        log = os.open(
            work_dir.parent / f'{work_dir.name}.txt', os.O_CREAT | os.O_APPEND | os.O_RDWR
        )
        os.dup2(log, 1)
        os.dup2(log, 2)
        train(config, work_dir)
        status = 0
    finally:
        os._exit(status)


def run_in_peace(config, work_dir):
    """Trains, and returns the seconds until the first checkpoint and after it."""
    begin = time.monotonic()
    pid = start(config, work_dir)
    while not (work_dir / 'last_checkpoint').exists():
        assert not os.waitpid(pid, os.WNOHANG)[0], 'ended without a checkpoint'
        time.sleep(0.02)
    saved = time.monotonic()
    assert os.waitpid(pid, 0)[1] == 0
    return saved - begin, time.monotonic() - saved


def run_with_kills(config, work_dir, kills, rng, start_up, training):
    """Trains, and returns how often the run was killed before it was through."""
    for killed in range(kills):
        pid = start(config, work_dir)
        # All lives together are too short for the whole run.
        time.sleep(rng.uniform(start_up / 2, start_up + 0.9 * training / kills))
        os.kill(pid, signal.SIGKILL)
        if os.waitpid(pid, 0)[1] == 0:
            return killed
    assert os.waitpid(start(config, work_dir), 0)[1] == 0
    return kills


def main(config, out, kills, seed):
    rng = np.random.default_rng(seed)
    seconds = run_in_peace(config, out / 'whole')
    for _ in range(3):  # a machine that has become faster may be through before the last kill
        shutil.rmtree(out / 'killed', ignore_errors=True)
        killed = run_with_kills(config, out / 'killed', kills, rng, *seconds)
        if killed == kills:
            break
    print(killed)


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
