"""Runs of the tool that are killed, shared by two processes, or short of disk."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from conftest import REPO
from made_index import cleaning_arguments, make_data_set
from small_classifier import run

TOOL = str(REPO / 'tools/clean_labels.py')


def clean(*command):
    run('clean_labels.py', *command)


def assert_same_files(a, b):
    paths = sorted(path.relative_to(a) for path in a.rglob('*.*'))
    assert paths == sorted(path.relative_to(b) for path in b.rglob('*.*'))
    for path in paths:
        assert (a / path).read_bytes() == (b / path).read_bytes(), path


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    clean(*cleaning_arguments(root, 'cleaned'))
    return root


KILLED = """
import os, runpy, signal, sys
from mmnoisy.io.shards import Shards
from mmnoisy.cleaning.streams import NpyStream
victim, name = dict(shards=(Shards, 'write'), streams=(NpyStream, 'append'))[sys.argv[1]]
method, calls = getattr(victim, name), []
def killing(*args):
    calls.append(0)
    if len(calls) == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    method(*args)
setattr(victim, name, killing)
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


@pytest.mark.parametrize(('place', 'finished'), [('shards', 9), ('streams', 19)])
def test_a_killed_run_goes_on_to_the_same_bits(root, capsys, place, finished):
    command = [sys.executable, '-c', KILLED, place, TOOL, *cleaning_arguments(root, place)]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    assert not (root / place).exists()
    unfinished = root / f'.{place}.unfinished'
    assert len([*unfinished.glob('shards/*.parquet')]) == finished
    clean(*cleaning_arguments(root, place))
    assert not unfinished.exists()
    assert_same_files(root / 'cleaned', root / place)
    made = (root / place / 'changes.csv').stat().st_mtime_ns
    clean(*cleaning_arguments(root, place))
    assert (root / place / 'changes.csv').stat().st_mtime_ns == made
    assert '300 images' in capsys.readouterr().out


def test_two_processes_share_the_work(root):
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    threads = {'OMP_NUM_THREADS': str(torch.get_num_threads())}
    result = subprocess.run(
        [*command, TOOL, *cleaning_arguments(root, 'shared')],
        capture_output=True,
        text=True,
        env={**os.environ, **threads},
    )
    assert result.returncode == 0, result.stderr
    assert_same_files(root / 'cleaned', root / 'shared')


@pytest.mark.parametrize(('place', 'limit'), [('shards', 20), ('streams', 60)])
def test_a_full_disk_leaves_nothing_under_the_final_name(root, tmp_path, place, limit):
    """Files may have so many kB: a block has 50, changes.csv more than 100."""
    command = cleaning_arguments(root, tmp_path / 'out')
    command[command.index('--block-images') + 1] = '2048'
    shell = f'trap "" XFSZ; ulimit -f {limit}; exec "$@"'
    result = subprocess.run(
        ['bash', '-c', shell, '-', sys.executable, '-B', TOOL, *command],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2, result.stderr
    assert re.search(r'out: cannot be written \(File too large\); make room', result.stderr)
    assert not (tmp_path / 'out').exists()
    blocks = (tmp_path / '.out.unfinished/shards').glob('*.parquet')
    assert len([*blocks]) == (1 if place == 'streams' else 0)
    clean(*command)
    assert_same_files(root / 'cleaned', tmp_path / 'out')


@pytest.mark.slow
def test_a_million_images_in_constant_memory(tmp_path):
    def peak(root, out, kill_at=None):
        """Highest private memory (MB) of a run, or None if it was killed half-way."""
        process = subprocess.Popen(
            [
                sys.executable,
                TOOL,
                *cleaning_arguments(root, out, '--batch-size', '512', '--block-images', '2048'),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        blocks, highest = root / f'.{out}.unfinished/shards', 0
        while process.poll() is None:
            with open(f'/proc/{process.pid}/status') as file:
                found = re.search(r'RssAnon:\s+(\d+)', file.read())
            highest = max(highest, int(found.group(1)) / 1024 if found else 0)
            if kill_at and len([*blocks.glob('*.parquet')]) >= kill_at:
                process.kill()
                process.wait()
                return None
            time.sleep(0.02)
        assert process.returncode == 0, process.stderr.read()
        return highest

    small, large = tmp_path / 'small', tmp_path / 'large'
    for root, size in ((small, 50_000), (large, 1_000_000)):
        make_data_set(root, sizes=(size, 10, 10))
    assert peak(large, 'killed', kill_at=200) is None
    assert len([*large.glob('.killed.unfinished/shards/*.parquet')]) >= 200
    of_small, of_large = peak(small, 'cleaned'), peak(large, 'cleaned')
    print(f'{of_small:.0f} MB for 50,000 images, {of_large:.0f} MB for 1,000,000')
    assert of_large < of_small + 60
    peak(large, 'killed')
    assert_same_files(large / 'cleaned', large / 'killed')
