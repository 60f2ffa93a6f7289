"""A Ray cluster on this machine."""

import os
from contextlib import contextmanager

import pytest
from conftest import REPO


@contextmanager
def three_nodes():
    """A head without work and three nodes of one CPU; ``node`` starts another one."""
    pytest.importorskip('ray', reason="needs Ray: pip install 'mmnoisy[ray]'")
    from ray.cluster_utils import Cluster

    memory = 80 * 2**20
    folders = [REPO, REPO / 'tests', REPO / 'tests/engine', os.environ.get('PYTHONPATH', '')]
    with pytest.MonkeyPatch.context() as monkeypatch:
        # Of the nodes, for what travels by its name.
        monkeypatch.setenv('PYTHONPATH', os.pathsep.join(map(str, folders)))
        cluster = Cluster(True, head_node_args=dict(num_cpus=0, object_store_memory=memory))
        cluster.node = lambda: cluster.add_node(num_cpus=1, object_store_memory=memory)
        cluster.nodes = [cluster.node() for _ in range(3)]
        yield cluster
        cluster.shutdown()
