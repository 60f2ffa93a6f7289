"""Work in several processes: what becomes of it, of its errors, and of the processes."""

import multiprocessing
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from made_project import SHORT

from mmnoisy import InputError
from mmnoisy.datasets import LabelIndex
from mmnoisy.experiments import processes as module
from mmnoisy.experiments.auto import choose
from mmnoisy.experiments.indexes import keep
from mmnoisy.experiments.processes import for_each, number_of_processes
from mmnoisy.experiments.progress import Progress

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith('linux') or torch.cuda.is_available(), reason='forks nowhere else'
)


def leave_pid(folder):
    return lambda item, progress: (folder / f'{item}').write_text(f'{os.getpid()}')


@pytest.mark.parametrize(('wanted', 'items'), [(1, 4), (2, 5), (9, 3), (2, 1), (2, 0)])
def test_each_item_is_worked_on_once(tmp_path, wanted, items):
    with Progress({}) as progress:
        for_each(range(items), leave_pid(tmp_path), progress, wanted)
    by = [(tmp_path / f'{item}').read_text() for item in range(items)]
    assert len({*by}) <= min(wanted, max(1, items))
    assert (f'{os.getpid()}' in by) == (items > 0 and min(wanted, items) == 1)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('sys.platform', 'darwin'),
        ('get_device', lambda: 'cuda'),
        ('torch.distributed.is_torchelastic_launched', lambda: True),
    ],
)
def test_where_nothing_can_be_forked(tmp_path, monkeypatch, name, value):
    assert number_of_processes(2, 4) == 2
    monkeypatch.setattr(f'{module.__name__}.{name}', value)
    with Progress({}) as progress:
        for_each('abc', leave_pid(tmp_path), progress, 2)
    assert {path.read_text() for path in tmp_path.iterdir()} == {f'{os.getpid()}'}


@pytest.mark.parametrize(('threads', 'numbers'), [(1, [1, 1, 1, 1]), (3, [1, 1, 2, 4])])
def test_one_more_than_threads_by_default(monkeypatch, threads, numbers):
    monkeypatch.setattr(module.torch, 'get_num_threads', lambda: threads)
    assert [number_of_processes(None, tasks) for tasks in (0, 1, 2, 9)] == numbers


@pytest.mark.parametrize('wanted', [1, 2])
def test_each_work_has_one_thread(tmp_path, wanted):
    def work(item, progress):
        (tmp_path / item).write_text(f'{torch.get_num_threads()}')

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with Progress({}) as progress:
            for_each('abc', work, progress, wanted)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert {path.read_text() for path in tmp_path.iterdir()} == {'1'}


def fails(error):
    """Work that raises at the first item, and has no end at the second."""

    def work(item, progress):
        if item == 0:
            raise error
        signal.pause()

    return work


@pytest.mark.parametrize(
    'error', [InputError('FILE: is none'), KeyError('x is not in the registry')]
)
def test_an_error_ends_the_others(error, caplog):
    with Progress({}) as progress, pytest.raises(type(error)) as raised:
        for_each(range(3), fails(error), progress, 2)
    assert str(raised.value) == str(error)
    assert not multiprocessing.active_children()
    assert not caplog.records


def test_an_error_that_does_not_come_again(tmp_path):
    """Its traceback is that of the other process."""

    def work(item, progress):
        if os.getpid() != parent:
            raise ValueError(f'of {item}')

    parent = os.getpid()
    with Progress({}) as progress, pytest.raises(Exception, match=r'(?s)in work.*ValueError: of'):
        for_each('ab', work, progress, 2)


def test_a_process_that_is_killed():
    def work(item, progress):
        os.kill(os.getpid(), signal.SIGKILL)

    with (
        Progress({}) as progress,
        pytest.raises(InputError, match=r'processes 2.*SIGKILL.*fewer'),
    ):
        for_each('ab', work, progress, 2)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_first(tmp_path, number):
    fork = multiprocessing.get_context('fork')
    reader, writer = fork.Pipe(duplex=False)

    def work(item, progress):
        with tempfile.TemporaryDirectory(dir=tmp_path):
            writer.send(item)
            signal.pause()

    def first():
        # As in a shell's foreground: in its background SIGINT is ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with Progress({}) as progress:
            for_each('ab', work, progress, 2)

    process = fork.Process(target=first)
    process.start()
    writer.close()
    assert {reader.recv(), reader.recv()} == {*'ab'}
    os.kill(process.pid, number)
    process.join()
    assert reader.poll(60)
    with pytest.raises(EOFError):  # nobody has the other end any more
        reader.recv()
    assert not [*tmp_path.iterdir()]


def test_the_bar_counts_the_steps_of_all():
    def work(item, progress):
        progress.stage(item, 0, 'training')
        for _ in range(50):
            progress.step()

    with Progress(dict.fromkeys('abc', 50)) as progress:
        for_each('abc', work, progress, 2)
        assert progress._bar.n == 150
        assert progress.seconds_left() == 0
        assert progress.at_once == 1
        assert 'seed 0, training' in str(progress._bar)


def test_two_processes_keep_one_index(made, tmp_path):
    index = LabelIndex.open(made / 'index/validation')
    ready = multiprocessing.get_context('fork').Barrier(2)

    def work(item, progress):
        ready.wait()
        keep(index, tmp_path, 'same')

    for number in range(3):
        with Progress({}) as progress:
            for_each('ab', work, progress, 2)
        (path,) = tmp_path.iterdir()
        assert LabelIndex.open(path).image_ids.tolist() == index.image_ids.tolist()
        path.rename(tmp_path.with_name(f'{tmp_path.name}-{number}'))


def contents(folder):
    """The files below a folder; of checkpoints their weights, as archives have other names."""
    found = {}
    for path in sorted(Path(folder).rglob('*')):
        if path.suffix == '.pth':
            state = torch.load(path, weights_only=True)['state_dict']
            found[f'{path.relative_to(folder)}'] = {k: v.tolist() for k, v in state.items()}
        elif path.is_file():
            found[f'{path.relative_to(folder)}'] = path.read_bytes()
    return found


def test_a_choice_is_the_same_by_any_number_of_processes(made, tmp_path):
    found = []
    for processes in (1, 3):
        out = tmp_path / f'{processes}'
        choice = choose(made / 'index', made / 'features', out, 0, SHORT, processes=processes)
        found.append((choice.method, choice.tried, contents(out)))
    (method, tried, files), others = found
    assert others[0] == method
    assert str(others[1]) == str(tried)
    assert {*others[2]} == {*files}
    assert others[2] == files
