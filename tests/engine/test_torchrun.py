"""What is said where processes do not start or do not end well."""

import contextlib
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import REPO, free_port

PATIENCE = 500  # seconds: what a busy machine may take; those that hang would not end at all


def start(script, *options, nodes=1, node=0, port=None, **environment):
    command = [sys.executable, '-m', 'mmnoisy.cli.torchrun', f'--nnodes={nodes}']
    command += [f'--node_rank={node}', '--master_addr=127.0.0.1', *options]
    command += [f'--master_port={port or free_port()}', str(script)]
    return subprocess.Popen(
        command,
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


def test_a_port_in_use(script, torchrun):
    with socket.socket() as taken:
        taken.bind(('', 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = torchrun(script(''), port=port)
        (error,) = errors_of(process)
    assert process.returncode == 2
    assert error.startswith(f'torchrun.py: error: PORT={port}: cannot be used on 127.0.0.1')
    assert 'Traceback' not in error


def test_a_missing_node(script, torchrun):
    path, expected = script(''), ['one of the other nodes', 'node 0 at 127.0.0.1']
    alone = [torchrun(path, nodes=2, node=k, NODE_TIMEOUT='3') for k in range(2)]
    # They wait on different ports.
    for process, error, missing in zip(alone, errors_of(*alone), expected):
        assert process.returncode == 2
        assert f'torchrun.py: error: NNODES=2: {missing} did not come within 3 s' in error
        assert 'Traceback' not in error


WAITING = """
import os, signal, sys
import torch.distributed as dist
dist.init_process_group('gloo')
dist.barrier()
if dist.get_rank() == 1:
    {death}
while True:
    signal.pause()
"""


@pytest.mark.parametrize(
    ('death', 'code', 'how'),
    [
        ('os.kill(os.getpid(), signal.SIGKILL)', 1, 'killed by signal 9'),
        ("print('the cause', file=sys.stderr); sys.exit(2)", 2, 'with exit code 2'),
    ],
)
def test_a_rank_that_dies_ends_the_others(script, torchrun, death, code, how):
    process = torchrun(script(WAITING.format(death=death)), '--nproc_per_node=2')
    (error,) = errors_of(process)
    assert process.returncode == code
    assert f'ended first, {how}; the cause is in its output above' in error
    assert ('the cause\n' in error) == (code == 2)
    assert 'rank 1 on' in error


KILL_THE_NODE = 'os.kill(os.getppid(), signal.SIGKILL); os.kill(os.getpid(), signal.SIGKILL)'


@pytest.mark.slow
@pytest.mark.parametrize(
    ('death', 'lost', 'cause'),
    [
        (KILL_THE_NODE, 1, 'node 1 was lost: no sign of life for 5 s'),
        (KILL_THE_NODE, 0, 'node 0 was lost: its store does not answer'),
        ('sys.exit(3)', None, 'node 1 ended: rank 1 on '),
    ],
)
def test_a_node_that_dies_ends_the_others(script, torchrun, death, lost, cause):
    """Though their processes wait for nothing of its processes."""
    text = WAITING.replace('== 1', f'== {1 if lost is None else lost}').format(death=death)
    port, path = free_port(), script(text)
    nodes = [torchrun(path, nodes=2, node=k, port=port, NODE_SILENCE='5') for k in range(2)]
    errors = errors_of(*nodes)
    other = 0 if lost is None else 1 - lost
    last = errors[other].splitlines()[-1]
    assert last.startswith(f'torchrun.py: error: {cause}')
    assert nodes[other].returncode == 1


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
    port, path = free_port(), script(SUM)
    nodes = [torchrun(path, nodes=2, node=k, port=port) for k in range(2)]
    for process, error in zip(nodes, errors_of(*nodes)):
        assert process.returncode == 0, error
        assert 'torchrun.py: error' not in error
