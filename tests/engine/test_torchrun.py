"""What becomes of nodes whose processes, or other nodes, do not start or do not end well."""

import contextlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import REPO, free_port
from torch.distributed import TCPStore

from mmnoisy import InputError
from mmnoisy.engine.distributed.torchrun import options
from mmnoisy.errors import GO_ON

PATIENCE = 500  # seconds: what a busy machine may take; those that hang would not end at all


def start(script, processes=1, **environment):
    return subprocess.Popen(
        [sys.executable, '-m', 'mmnoisy.cli.torchrun', str(processes), str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPO,
        env={**os.environ, 'OMP_NUM_THREADS': '1', **environment},
    )


@pytest.fixture
def torchrun():
    """Starts nodes; none of them outlives the test."""
    with contextlib.ExitStack() as stack:

        def run(*args, **kwargs):
            process = start(*args, **kwargs)
            stack.callback(process.kill)
            return process

        yield run


@pytest.fixture
def port():
    """Where nodes meet: a store that outlives all of them."""
    port = free_port()
    store = TCPStore('127.0.0.1', port, is_master=True, wait_for_workers=False)
    yield str(port)
    del store


def errors_of(*processes):
    """What processes say that run at the same time."""
    with ThreadPoolExecutor(len(processes)) as pool:
        return [*pool.map(lambda process: process.communicate(timeout=PATIENCE)[1], processes)]


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / 'script.py'
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ('name', 'value', 'sentence'),
    [
        ('NNODES', '2:', 'NNODES=2:: give a number of nodes, or the least and the most as 2:4'),
        ('NODE_SILENCE', '0', 'NODE_SILENCE=0: give a whole number from 1 up'),
        ('MAX_RESTARTS', 'many', 'MAX_RESTARTS=many: give a whole number from 0 up'),
        ('MASTER_ADDR', 'no host', 'MASTER_ADDR=no host: cannot be reached'),
    ],
)
def test_wrong_settings(monkeypatch, name, value, sentence):
    monkeypatch.setenv('NNODES', '2')
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=sentence):
        options('1')


def test_a_missing_node(script, torchrun):
    process = torchrun(script(''), NNODES='2', NODE_TIMEOUT='3', PORT=str(free_port()))
    (error,) = errors_of(process)
    assert process.returncode == 2
    assert (
        'torchrun.py: error: NNODES=2: the nodes did not meet within 3 s at MASTER_ADDR=' in error
    )
    assert 'Traceback' not in error


WAITING = """
import os, signal, sys
import torch.distributed as dist
dist.init_process_group('gloo')
dist.barrier()
met = __file__ + '.met'
if dist.get_world_size() == 2:
    open(met, 'w').close()
    if dist.get_rank() == 1:
        {death}
while dist.get_world_size() == 2 or not os.path.exists(met):  # alone at first: another one comes
    signal.pause()
"""


@pytest.mark.parametrize(
    ('death', 'code', 'how'),
    [
        ('os.kill(os.getpid(), signal.SIGKILL)', 1, 'killed by signal 9'),
        ("print('the cause', file=sys.stderr); sys.exit(2)", 2, 'with exit code 2'),
        pytest.param('sys.exit(75)', 75, 'with exit code 75', marks=pytest.mark.slow),
    ],
)
def test_a_rank_that_dies_ends_the_others(script, torchrun, death, code, how):
    process = torchrun(script(WAITING.format(death=death)), 2)
    (error,) = errors_of(process)
    assert process.returncode == code
    assert f'ended first, {how}; the cause is in its output above' in error
    assert ('the cause\n' in error) == (code == 2)
    assert 'rank 1 on' in error


KILL_THE_NODE = 'os.kill(os.getppid(), signal.SIGKILL); os.kill(os.getpid(), signal.SIGKILL)'


@pytest.mark.parametrize('nodes', ['1:2', pytest.param('2', marks=pytest.mark.slow)])
def test_a_node_that_dies(script, torchrun, port, nodes):
    """Though the process of the other one waits for nothing of its process."""
    path = script(WAITING.format(death=KILL_THE_NODE))
    processes = [torchrun(path, NNODES=nodes, PORT=port, NODE_SILENCE='15') for _ in range(2)]
    errors = errors_of(*processes)
    assert sorted(process.returncode for process in processes) == [
        -signal.SIGKILL,
        0 if ':' in nodes else GO_ON,
    ]
    sentence = 'torchrun.py: ' if ':' in nodes else 'torchrun.py: error: '
    assert f'{sentence}another node was lost' in ''.join(errors)


@pytest.mark.slow
def test_wrong_input_ends_all_nodes(script, torchrun, port):
    path = script(WAITING.format(death='sys.exit(2)'))
    processes = [torchrun(path, NNODES='1:2', PORT=port, NODE_SILENCE='15') for _ in range(2)]
    errors = errors_of(*processes)
    assert sorted(process.returncode for process in processes) == [1, 2]
    assert 'the run was ended by another node, which says why' in ''.join(errors)


WARNED = """
import signal, sys
warnings = {signal.SIGTERM, signal.SIGUSR1}
signal.pthread_sigmask(signal.SIG_BLOCK, warnings)  # one that comes early waits
print('ready', flush=True)
signal.sigwait(warnings)
sys.exit(75)
"""


@pytest.mark.parametrize(
    'number', [signal.SIGUSR1, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_node_that_is_warned(script, torchrun, number):
    process = torchrun(script(WARNED))
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(number)
    (error,) = errors_of(process)
    assert process.returncode == GO_ON
    assert f'was told to stop, by {number.name}' in error
    assert 'Traceback' not in error


# A process that ends while another still reads breaks the connection: they end together.
SUM = """
import os
import torch, torch.distributed as dist
dist.init_process_group('gloo')
total = torch.ones(1)
dist.all_reduce(total)
assert total == 2, total
store = dist.TCPStore(os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT']), is_master=False)
store.set(f'summed{dist.get_rank()}', '')
store.wait(['summed0', 'summed1'])
dist.destroy_process_group()
"""


def test_two_nodes_on_one_machine(script, torchrun):
    port, path = str(free_port()), script(SUM)
    nodes = [torchrun(path, NNODES='2', PORT=port) for _ in range(2)]
    for process, error in zip(nodes, errors_of(*nodes)):
        assert process.returncode == 0, error
        assert 'torchrun.py: error' not in error
