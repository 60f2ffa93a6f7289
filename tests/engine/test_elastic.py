"""Nodes that are lost and nodes that come change nothing of what a run learns."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import REPO, free_port
from test_killed_runs import features
from torch.distributed import TCPStore

from mmnoisy.engine.checkpoints.reading import read_checkpoint
from mmnoisy.engine.runner import build_runner
from mmnoisy.errors import GO_ON

PATIENCE = 900  # seconds: what a busy machine may take; those that hang would not end at all

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path('/proc/self/task').exists(), reason='needs /proc'),
]


class Nodes:
    """Nodes of one run on this machine, each with one process, and what their steps report."""

    def __init__(self, config, folder, **environment):
        self.folder, self.number, self.running = folder, 0, {}
        self.command = [sys.executable, '-m', 'mmnoisy.cli.torchrun', '1']
        self.command += [str(REPO / 'tools/train.py'), str(config), '--launcher', 'pytorch']
        self.command += ['--work-dir', str(folder / 'run')]
        reports = folder / 'reports'
        os.mkfifo(reports)
        self.lines = os.fdopen(os.open(reports, os.O_RDWR), 'r')  # has no end while it is open
        path = f'{REPO}:{REPO / "tests"}'
        self.environment = dict(
            os.environ, REPORTS=str(reports), PYTHONPATH=path, OMP_NUM_THREADS='1', **environment
        )

    def start(self):
        name = f'node{self.number}'
        self.number += 1
        with open(self.folder / f'{name}.txt', 'w') as log:
            self.running[name] = subprocess.Popen(
                self.command, stdout=log, stderr=log, env={**self.environment, 'NODE': name}
            )
        return name

    def kill(self, name):
        """As a machine that is switched off: nothing of it goes on."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGSTOP)  # starts no more processes from here on
        children = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
        process.kill()
        for child in map(int, children):
            os.kill(child, signal.SIGKILL)
        process.wait()

    def steps(self):
        """Yields ``node, processes, step, time`` of every step, as it begins."""
        for line in self.lines:
            node, _, processes, step, when = line.split()
            yield node, int(processes), int(step), float(when)

    def close(self):
        for name in [*self.running]:
            if self.running[name].poll() is None:
                self.kill(name)

    def ends(self):
        return [process.wait(PATIENCE) for process in self.running.values()]

    def said(self):
        return ''.join(path.read_text() for path in sorted(self.folder.glob('node*.txt')))


def config(demo_root, folder, steps, gates):
    """Heads on features, trained by SGD on batches of 12: also of 2, 3 and 4 processes."""
    cfg = features(demo_root, folder)
    cfg.train_dataloader.batch_size = 12
    cfg.train_cfg.update(max_iters=steps, val_interval=steps)
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.01, momentum=0.9)
    cfg.default_hooks.checkpoint = dict(
        type='WholeCheckpointHook', by_epoch=False, interval=5, max_keep_ckpts=2
    )
    cfg.log_level = 'WARNING'
    whole = cfg.copy()
    whole.work_dir, whole.launcher, whole.experiment_name = str(folder / 'whole'), 'none', 'whole'
    build_runner(whole).train()
    cfg.custom_imports.imports += ['elastic_steps']
    cfg.custom_hooks += [dict(type='ReportAndWait', gates={str(k): n for k, n in gates.items()})]
    cfg.dump(folder / 'run.py')
    return folder / 'run.py'


def weights(folder, steps):
    return read_checkpoint(folder / f'iter_{steps}.pth')['state_dict']


def assert_same_weights(folder, steps):
    one, other = weights(folder / 'whole', steps), weights(folder / 'run', steps)
    for key, value in one.items():
        torch.testing.assert_close(other[key], value, rtol=0, atol=1e-5)


@pytest.mark.parametrize('kills', [1, 10])
def test_nodes_that_are_killed(kills, tmp_path, demo_root):
    """Three nodes; one is killed at a random step and another one comes, again and again."""
    steps, rng = 20 + 12 * kills, np.random.default_rng(kills)
    # A step before the end has four nodes, and of those where one is killed each has three.
    victims = [12 * k + int(rng.integers(1, 11)) for k in range(kills)]
    gates = {12 * k: 3 for k in range(kills)}
    gates[steps - 10] = 4
    path = config(demo_root, tmp_path, steps, gates)
    port = free_port()
    store = TCPStore('127.0.0.1', port, is_master=True, wait_for_workers=False)
    with ExitStack() as stack:
        nodes = Nodes(path, tmp_path, NNODES='2:4', PORT=str(port), NODE_SILENCE='15')
        stack.callback(nodes.close)
        for _ in range(3):
            nodes.start()
        killed, restarts, worlds = 0.0, [], set()
        for node, processes, step, when in nodes.steps():
            worlds.add(processes)
            if killed and when > killed:
                restarts.append(when - killed)
                killed = 0.0
            if victims and step >= victims[0] and node in nodes.running:
                victims.pop(0)
                nodes.kill(rng.choice([*nodes.running]))
                killed = time.time()
                nodes.start()
            elif not victims and len(nodes.running) == 3 and step > 12 * kills:
                nodes.start()
            if step == steps - 1:
                break
        print('seconds from a kill to the next step:', *(f'{seconds:.0f}' for seconds in restarts))
        assert nodes.ends() == [0] * 4, nodes.said()
    assert len(restarts) == kills and max(worlds) == 4
    assert_same_weights(tmp_path, steps)
    del store


def test_a_node_that_is_warned_and_the_end_of_all(tmp_path, demo_root):
    """One is warned: it leaves, and the other goes on. Both are: the run goes on later."""
    path = config(demo_root, tmp_path, 40, {10: 2, 11: 2, 30: 3, 31: 3})
    environment = dict(NNODES='1:2', PORT=str(free_port()), NODE_SILENCE='15')
    with ExitStack() as stack:
        nodes = Nodes(path, tmp_path, **environment)
        stack.callback(nodes.close)
        first = nodes.start()  # keeps the store
        second = None
        for _, processes, step, _ in nodes.steps():
            if step == 10 and second is None:
                second = nodes.start()
            if processes == 2 and step == 20 and second in nodes.running:
                nodes.running[second].send_signal(signal.SIGTERM)
                assert nodes.running.pop(second).wait(PATIENCE) == GO_ON
            if step == 30:
                break
        nodes.running[first].send_signal(signal.SIGUSR1)
        assert nodes.ends() == [GO_ON], nodes.said()
    assert len([*(tmp_path / 'run').glob('iter_31.pth')]) == 1  # a signal ends the waiting, too
    alone = dict(nodes.environment, NODE='alone', NNODES='1', MAX_RESTARTS='0')
    del alone['PORT']
    text = path.read_text().replace("'30': 3", "'30': 0").replace("'31': 3", "'31': 0")
    path.write_text(text)
    reader = subprocess.Popen(['cat', tmp_path / 'reports'], stdout=subprocess.DEVNULL)
    done = subprocess.run([*nodes.command, '--resume'], env=alone, capture_output=True, text=True)
    reader.kill()
    assert done.returncode == 0, done.stderr[-3000:]
    assert_same_weights(tmp_path, 40)
