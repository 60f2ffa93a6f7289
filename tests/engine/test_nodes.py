"""What nodes learn of one another; with real processes in ``test_torchrun.py``."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from torch.distributed import TCPStore

from mmnoisy import InputError
from mmnoisy.engine import nodes
from mmnoisy.engine.distributed.nodes import NodeWatch, seconds


@pytest.fixture
def store(monkeypatch):
    monkeypatch.setattr(nodes, '_BEAT', 0.02)
    return TCPStore('127.0.0.1', 0, is_master=True, wait_for_workers=False)


@pytest.fixture
def ended(monkeypatch):
    """Signals that a node sends to end its processes."""
    signals = []
    monkeypatch.setattr(nodes.os, 'kill', lambda pid, number: signals.append(number))
    return signals


def client(store):
    return TCPStore('127.0.0.1', store.port, is_master=False, wait_for_workers=False)


def close(store, *causes):
    """What each node learns of the others when all end, in the order of their causes."""
    watches = [NodeWatch(k, 3, store if k == 0 else client(store), 1) for k in range(3)]
    with ThreadPoolExecutor(3) as pool:
        closing = []
        for watch, cause in zip(watches, causes):
            closing.append(pool.submit(watch.close, cause))
            time.sleep(0.2)
        return [future.result() for future in closing]


def test_nodes_that_end_well(store, ended):
    assert close(store, '', '', '') == ['', '', '']
    assert not ended


def test_a_node_that_says_why_it_ends(store, ended):
    heard = 'node 0 ended: rank 1 ended first'
    assert close(store, 'rank 1 ended first', '', '') == ['', heard, heard]
    assert ended == [signal.SIGTERM] * 2


def test_a_silent_node(store, ended):
    watch = NodeWatch(0, 2, store, 1)
    time.sleep(2)
    assert ended == [signal.SIGTERM]
    assert watch.close('') == 'node 1 was lost: no sign of life for 1 s'


def test_times_of_the_environment(monkeypatch):
    assert seconds('NODE_SILENCE', 30) == 30
    monkeypatch.setenv('NODE_SILENCE', '5')
    assert seconds('NODE_SILENCE', 30) == 5
    for wrong in ('0', '-3', '1.5', 'long', ''):
        monkeypatch.setenv('NODE_SILENCE', wrong)
        with pytest.raises(InputError, match=f'NODE_SILENCE={wrong}: give a positive whole number'):
            seconds('NODE_SILENCE', 30)
