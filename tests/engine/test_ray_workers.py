"""Parts computed on a Ray cluster of three nodes, whatever becomes of workers and nodes."""

import os
import resource
import signal
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from ray_cluster import three_nodes

from mmnoisy import InputError
from mmnoisy.engine.distributed.ray_workers import ATTEMPTS, RayWorkers
from mmnoisy.engine.distributed.shard_jobs import Job, Workers
from mmnoisy.io.shards import Blocks

slow = pytest.mark.slow


@pytest.fixture(scope='module')
def cluster():
    with three_nodes() as cluster:
        yield cluster


class Squares:
    """Parts that are easily told: k squared, and the process that made it.

    The first three wait for one another, so that three workers have one each.
    """

    def __init__(self, folder):
        self.folder = folder

    def __call__(self):
        def compute(numbers):
            for k in numbers:
                (self.folder / f'begun{k}').touch()
                while k < 3 and len([*self.folder.glob('begun[012]')]) < 3:
                    time.sleep(0.01)
                yield np.array([k * k, os.getpid()])

        return compute


def compute_on(cluster, parts, make_compute):
    job = Job(parts, [1] * len(parts.names), iter, make_compute, 'test')
    assert Workers(ray=RayWorkers(cluster.address)).compute(job)


@slow
def test_all_nodes_compute(cluster, tmp_path):
    parts = Blocks(tmp_path / 'parts', {}, 40)
    compute_on(cluster, parts, Squares(tmp_path))
    found = np.stack([*parts])
    assert found[:, 0].tolist() == [k * k for k in range(40)]
    assert os.getpid() not in found[:, 1]
    assert len({*found[:, 1]}) == 3


class Waits:
    """Part 5 waits for the end of its node, the first time."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self):
        import ray

        node = os.environ.get('RAY_NODE_ID') or ray.get_runtime_context().get_node_id()

        def compute(numbers):
            for k in numbers:
                begun = self.folder / 'begun'
                if k == 5 and not begun.exists():
                    part = self.folder / 'part'
                    part.write_text(node)
                    part.rename(begun)
                    signal.pause()
                yield np.array([k])

        return compute


@slow
def test_a_node_that_is_lost(cluster, tmp_path):
    def lose_node():
        begun = tmp_path / 'begun'
        while not begun.exists():
            time.sleep(0.05)
        (lost,) = (one for one in cluster.nodes if one.node_id == begun.read_text())
        cluster.remove_node(lost, allow_graceful=False)
        cluster.nodes.remove(lost)

    thread = threading.Thread(target=lose_node)
    thread.start()
    parts = Blocks(tmp_path / 'parts', {}, 30)
    compute_on(cluster, parts, Waits(tmp_path))
    thread.join()
    assert np.concatenate([*parts]).tolist() == [*range(30)]
    cluster.nodes.append(cluster.node())


class Peaks:
    """The highest memory of a worker so far (MB), after 20 MB that are not kept."""

    def __call__(self):
        def compute(numbers):
            for _ in numbers:
                np.ones(20 * 2**17)
                yield np.array([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024])

        return compute


@slow
def test_memory_does_not_grow_with_the_number_of_parts(cluster, tmp_path):
    peaks = []
    for name, count in (('few', 30), ('many', 300)):
        parts = Blocks(tmp_path / name, {}, count)
        compute_on(cluster, parts, Peaks())
        peaks.append(np.max([*parts]))
    assert peaks[1] < peaks[0] + 30


class Fails:
    def __init__(self, how):
        self.how = how

    def __call__(self):
        def compute(numbers):
            for k in numbers:
                if k == 3 and self.how == 'dies':
                    os.kill(os.getpid(), signal.SIGKILL)
                if k == 3:
                    raise InputError('x.jpg: cannot be read; mend it')
                yield np.array([k])

        return compute


@slow
def test_what_cannot_be_computed_ends_the_job(cluster, tmp_path):
    with pytest.raises(InputError, match=r'^x\.jpg: cannot be read; mend it$'):
        compute_on(cluster, Blocks(tmp_path / 'refused', {}, 6), Fails('refuses'))
    parts = Blocks(tmp_path / 'dead', {}, 6)
    with pytest.raises(InputError, match=rf'000003\.npy: {ATTEMPTS} workers have died over it'):
        compute_on(cluster, parts, Fails('dies'))
    assert parts.missing()[-1:] == [3]
    with pytest.raises(InputError, match='no node has 9 CPUs and 0 GPUs for a worker'):
        [*RayWorkers(cluster.address, cpus=9).write(parts, [3], Fails(''))]


@pytest.mark.parametrize(
    ('workers', 'room'),
    [
        (RayWorkers(cpus=2), 2 + 2 + 0),  # a GPU each
        (RayWorkers(cpus=2, gpus=0.3), 4 + 6 + 0),  # CPUs of the first, GPUs of the second
        (RayWorkers(cpus=2, gpus=0), 4 + 8 + 2),
        (RayWorkers(cpus=9, gpus=0), 0 + 1 + 0),
    ],
)
def test_room(workers, room):
    """A node that is lost has none."""
    nodes = [
        dict(Alive=True, Resources=dict(CPU=8.0, GPU=2.0)),
        dict(Alive=True, Resources=dict(CPU=16.0, GPU=2.0)),
        dict(Alive=True, Resources=dict(CPU=5.0)),
        dict(Alive=False, Resources=dict(CPU=64.0, GPU=8.0)),
    ]
    ray = SimpleNamespace(nodes=lambda: nodes, cluster_resources=lambda: dict(CPU=29.0, GPU=4.0))
    assert workers.room(ray) == room


def test_ray_is_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'ray', None)
    parts = Blocks(tmp_path, {}, 1)
    with pytest.raises(InputError, match=r"Ray is missing .*pip install 'mmnoisy\[ray\]'"):
        [*RayWorkers().write(parts, [0], None)]
