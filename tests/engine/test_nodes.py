"""What nodes learn of one another; with real processes in ``test_torchrun.py``."""

import signal
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest
from torch.distributed import TCPStore

from mmnoisy import InputError
from mmnoisy.engine.distributed import nodes
from mmnoisy.engine.distributed.nodes import NodeWatch, seconds

PATIENCE = 100  # seconds: what a busy machine may take


@pytest.fixture
def store(monkeypatch):
    monkeypatch.setattr(nodes, '_BEAT', 0.02)
    return TCPStore('127.0.0.1', 0, is_master=True, wait_for_workers=False)


@pytest.fixture
def ended(monkeypatch):
    """Signals that nodes send to end their processes."""
    signals = Queue()
    monkeypatch.setattr(nodes.os, 'kill', lambda pid, number: signals.put(number))
    return signals


def client(store):
    return TCPStore('127.0.0.1', store.port, is_master=False, wait_for_workers=False)


def watch_three(store):
    return [NodeWatch(k, 3, store if k == 0 else client(store), PATIENCE) for k in range(3)]


def test_nodes_that_end_well(store, ended):
    with ThreadPoolExecutor(3) as pool:
        closing = [pool.submit(watch.close, '') for watch in watch_three(store)]
        assert [future.result() for future in closing] == ['', '', '']
    assert ended.empty()


def test_a_node_that_says_why_it_ends(store, ended):
    first, *others = watch_three(store)
    with ThreadPoolExecutor(3) as pool:
        closing = [pool.submit(first.close, 'rank 1 ended first')]
        assert [ended.get(timeout=PATIENCE) for _ in others] == [signal.SIGTERM] * 2
        closing += [pool.submit(watch.close, '') for watch in others]
        heard = 'node 0 ended: rank 1 ended first'
        assert [future.result() for future in closing] == ['', heard, heard]


def test_a_silent_node(store, ended):
    watch = NodeWatch(0, 2, store, 1)
    assert ended.get(timeout=PATIENCE) == signal.SIGTERM
    assert watch.close('') == 'node 1 was lost: no sign of life for 1 s'


def test_times_of_the_environment(monkeypatch):
    assert seconds('NODE_SILENCE', 30) == 30
    monkeypatch.setenv('NODE_SILENCE', '5')
    assert seconds('NODE_SILENCE', 30) == 5
    for wrong in ('0', '-3', '1.5', 'long', ''):
        monkeypatch.setenv('NODE_SILENCE', wrong)
        with pytest.raises(InputError, match=f'NODE_SILENCE={wrong}: give a positive whole number'):
            seconds('NODE_SILENCE', 30)
