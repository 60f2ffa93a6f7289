import os
import signal
import subprocess
import sys
from multiprocessing import active_children
from pathlib import Path
from threading import Event

import pytest
import torch
from mmengine.hooks import Hook
from test_progress_hook import config

from mmnoisy import InputError
from mmnoisy.engine.checkpoints.reading import newest_readable
from mmnoisy.engine.hooks import WholeCheckpointHook, checkpoint_hook
from mmnoisy.engine.runner import build_runner, resume_from
from mmnoisy.errors import GO_ON

PATIENCE = 100  # seconds: what a busy machine may take


class AtTheBegin(Hook):
    """Does something when the training has begun."""

    priority = 'LOWEST'

    def __init__(self, function):
        self.function = function

    def before_train(self, runner):
        self.function()


def checkpoints(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_the_newest_ones_are_kept(tmp_path):
    cfg = config(tmp_path, 'kept')
    cfg.default_hooks.checkpoint.max_keep_ckpts = 2
    build_runner(cfg).train()
    files = checkpoints(tmp_path / 'run')
    assert [name for name in files if name.endswith('.pth')] == ['iter_3.pth', 'iter_4.pth']
    assert Path((tmp_path / 'run/last_checkpoint').read_text()).name == 'iter_4.pth'
    state = torch.load(tmp_path / 'run/iter_4.pth', weights_only=True)
    assert state['message_hub']['runtime_info']['keep_ckpt_ids'] == [3, 4]


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs a device that is full')
def test_a_full_disk_costs_no_good_checkpoint(tmp_path):
    """Not even where only one is kept."""
    cfg = config(tmp_path, 'full')
    cfg.default_hooks.checkpoint.max_keep_ckpts = 1
    runner = build_runner(cfg)
    fill = (tmp_path / 'run/.iter_3.pth.part').symlink_to
    runner.register_hook(AtTheBegin(lambda: fill('/dev/full')))
    with pytest.raises(InputError, match=r'iter_3.pth: cannot be written \(No space left on dev'):
        runner.train()
    files = checkpoints(tmp_path / 'run')
    assert [name for name in files if name.startswith('iter_')] == ['iter_2.pth']
    assert torch.load(tmp_path / 'run/iter_2.pth', weights_only=True)['meta']['iter'] == 2
    assert Path((tmp_path / 'run/last_checkpoint').read_text()).name == 'iter_2.pth'


def test_the_gradients_of_an_unfinished_accumulation(tmp_path):
    cfg = config(tmp_path, 'gradients')
    cfg.optim_wrapper.accumulative_counts = 3
    build_runner(cfg).train()
    for iteration, unfinished in ((1, True), (2, True), (3, False), (4, False)):  # the last updates
        state = torch.load(tmp_path / f'run/iter_{iteration}.pth', weights_only=True)
        assert ('gradients' in state) == unfinished
    assert {*torch.load(tmp_path / 'run/iter_1.pth', weights_only=True)['gradients']} <= {
        *state['state_dict']
    }


class Clock:
    """A time that the test sets."""

    def __init__(self, monkeypatch):
        self.minutes = 0
        monkeypatch.setattr(checkpoint_hook.time, 'monotonic', lambda: 60 * self.minutes)


class EveryStep(Hook):
    """Does something before every step."""

    def __init__(self, function):
        self.function = function

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.function(runner.iter)


def test_checkpoints_by_the_clock(tmp_path, monkeypatch):
    """Steps take 4 minutes, so that 10 are over after step 3, and again after steps 6 and 9."""
    cfg = config(tmp_path, 'clock')
    cfg.train_cfg.max_iters = 11
    cfg.default_hooks.checkpoint.update(interval=100, interval_minutes=10, max_keep_ckpts=1)
    runner, clock, seen = build_runner(cfg), Clock(monkeypatch), {}

    def pass_time(step):
        checkpoint_hook._jobs.wait()
        seen[step] = [name for name in checkpoints(tmp_path / 'run') if name.endswith('.pth')]
        clock.minutes += 4

    runner.register_hook(EveryStep(pass_time))
    runner.train()
    names = [[], 'iter_3.pth', 'iter_6.pth', 'iter_9.pth']
    assert [*seen.values()] == [[name] if name else [] for name in names for _ in range(3)][:11]
    assert [name for name in checkpoints(tmp_path / 'run') if name.endswith('.pth')] == [
        'iter_11.pth'
    ]


def test_a_step_does_not_wait_for_the_disk(tmp_path, monkeypatch):
    """The disk takes no byte before step 4 has begun: a step that waited would wait for ever."""
    cfg = config(tmp_path, 'disk')
    cfg.train_cfg.max_iters = 6
    cfg.default_hooks.checkpoint.update(interval=2)
    runner, goes_on, busy = build_runner(cfg), Event(), []
    write = checkpoint_hook.atomic_write

    def slow_write(path, *args, **kwargs):
        assert goes_on.wait(PATIENCE)
        return write(path, *args, **kwargs)

    def look(step):
        busy.append(checkpoint_hook._jobs.busy)
        if step == 3:
            assert not (tmp_path / 'run/iter_2.pth').exists()
            goes_on.set()

    monkeypatch.setattr(checkpoint_hook, 'atomic_write', slow_write)
    runner.register_hook(EveryStep(look))
    runner.train()
    assert busy[:4] == [False, False, True, True]
    # What was copied is the state of its step, though later ones have changed the weights since.
    cfg = config(tmp_path / 'other', 'no disk')
    cfg.train_cfg.max_iters = 2
    build_runner(cfg).train()
    one, other = (
        torch.load(tmp_path / name / 'iter_2.pth', weights_only=True)['state_dict']
        for name in ('run', 'other/run')
    )
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGUSR1])
def test_a_run_that_is_warned_saves_and_goes_on(tmp_path, number):
    """As are those that load data for it, by somebody who warns all processes of a group."""
    cfg = config(tmp_path, f'whole{number}')
    cfg.default_hooks.checkpoint.update(interval=100)
    whole = build_runner(cfg)
    whole.train()
    cfg = config(tmp_path / 'warned', f'warned{number}')
    cfg.default_hooks.checkpoint.update(interval=100)
    before = signal.getsignal(number)
    cfg.train_dataloader.num_workers = 2
    runner = build_runner(cfg)
    others = active_children()  # of earlier tests

    def warn(step):
        if step == 1:
            workers = [child.pid for child in active_children() if child not in others]
            assert len(workers) == 2
            subprocess.run(['kill', f'-{int(number)}', *map(str, [os.getpid(), *workers])])

    runner.register_hook(EveryStep(warn))
    with pytest.raises(SystemExit) as end:
        runner.train()
    assert end.value.code == GO_ON == 75
    assert signal.getsignal(number) is before
    folder = tmp_path / 'warned/run'
    assert [name for name in checkpoints(folder) if name.endswith('.pth')] == ['iter_2.pth']
    cfg.experiment_name += ' resumed'
    resume_from(cfg, 'auto')
    resumed = build_runner(cfg)
    resumed.train()
    for one, other in zip(whole.model.parameters(), resumed.model.parameters()):
        assert torch.equal(one, other)
    assert [name for name in checkpoints(folder) if name.endswith('.pth')] == ['iter_4.pth']


KILLED = """
import os, signal, sys
from pathlib import Path
from mmengine.config import Config
from mmnoisy.engine.hooks import checkpoint_hook
from mmnoisy.engine.runner import build_runner
from mmnoisy.io.atomic import atomic_write as write
from contextlib import contextmanager

class Half:
    def __init__(self, file):
        self.file = file

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

@contextmanager
def half_write(path, *args, **kwargs):
    with write(path, *args, **kwargs) as file:
        yield Half(file) if path.name == 'iter_3.pth' else file

checkpoint_hook.atomic_write = half_write
build_runner(Config.fromfile(sys.argv[1])).train()
"""


def test_a_kill_in_the_middle_of_a_write_costs_no_older_checkpoint(tmp_path):
    cfg = config(tmp_path, 'killed')
    cfg.default_hooks.checkpoint.update(max_keep_ckpts=1)
    cfg.dump(tmp_path / 'killed.py')
    done = subprocess.run(
        [sys.executable, '-c', KILLED, tmp_path / 'killed.py'], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-3000:]
    folder = tmp_path / 'run'
    names = [name for name in checkpoints(folder) if '.pth' in name]
    assert names == ['.iter_3.pth.part', 'iter_2.pth']
    assert newest_readable(str(folder)) == str(folder / 'iter_2.pth')
    resume_from(cfg, 'auto')
    build_runner(cfg).train()
    assert [name for name in checkpoints(folder) if '.pth' in name] == ['iter_4.pth']


def test_what_a_killed_write_has_left_is_removed(tmp_path):
    runner = build_runner(config(tmp_path, 'parts'))
    part = tmp_path / 'run/.iter_1234.pth.part'
    part.write_bytes(b'half')
    runner.train()
    assert not part.exists()
    assert (tmp_path / 'run/iter_4.pth').exists()


def test_the_interval_is_positive():
    with pytest.raises(InputError, match='interval_minutes=0: give a positive number'):
        WholeCheckpointHook(interval_minutes=0)
