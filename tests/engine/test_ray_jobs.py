"""What tools write on a Ray cluster of three nodes, against that of one process."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import REPO
from made_index import cleaning_arguments, make_data_set
from ray_cluster import three_nodes
from small_classifier import make, run

from mmnoisy.datasets.pictures import shrink
from mmnoisy.engine.distributed.ray_workers import RayWorkers

slow = pytest.mark.slow


@pytest.fixture(scope='module')
def cluster():
    with three_nodes() as cluster:
        yield cluster


def files(folder):
    return {path.relative_to(folder): path for path in folder.rglob('*.*')}


def assert_same_files(a, b):
    assert files(a).keys() == files(b).keys()
    for name, path in files(a).items():
        assert path.read_bytes() == files(b)[name].read_bytes(), name


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    run('clean_labels.py', *cleaning_arguments(root, 'cleaned'))
    return root


def on(cluster):
    return ['--ray', cluster.address, '--num-workers', '0']


@slow
def test_cleaned_labels_are_those_of_one_process_bit_for_bit(cluster, root, monkeypatch):
    monkeypatch.chdir(root)  # paths below it are found by the workers
    run('clean_labels.py', *cleaning_arguments(Path(), 'by_ray', *on(cluster)))
    assert_same_files(root / 'cleaned', root / 'by_ray')


KILLED = """
import os, runpy, signal, sys
from mmnoisy.engine.distributed.shard_jobs import Workers
written = Workers._written
def killing(*args):
    for count, number in enumerate(written(*args), 1):
        if count == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        yield number
Workers._written = killing
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


@slow
def test_a_driver_that_is_killed_and_started_again(cluster, root):
    command = cleaning_arguments(root, 'killed', *on(cluster))
    tool = str(REPO / 'tools/clean_labels.py')
    killed = subprocess.run([sys.executable, '-c', KILLED, tool, *command], capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    unfinished = root / '.killed.unfinished/shards'
    before = {path: path.stat().st_mtime_ns for path in unfinished.glob('*.parquet')}
    assert 5 <= len(before) < 19
    run('clean_labels.py', *command, '--parquet', '--out', str(unfinished))
    after = {path: path.stat().st_mtime_ns for path in unfinished.glob('*.parquet')}
    assert len(after) == 19
    assert {path: after[path] for path in before} == before
    run('clean_labels.py', *command)
    assert_same_files(root / 'cleaned', root / 'killed')


@slow
def test_features_and_predictions_are_those_of_one_process(cluster, tmp_path):
    small = make(tmp_path)
    common = [small.config, small.weights]
    shards = ['--shard-images', '3', '--batch-size', '3']
    for name, more in (('one', ['--num-workers', '0']), ('ray', on(cluster))):
        out = tmp_path / f'features_{name}'
        run('extract_features.py', *common, '--out', out, '--views', '2', *shards, *more)
    assert_same_files(tmp_path / 'features_one', tmp_path / 'features_ray')
    (tmp_path / 'test/broken.jpg').write_bytes(b'no picture')
    labels = [tmp_path / 'one.jsonl', tmp_path / 'ray.jsonl']
    for out, more in zip(labels, ([], ['--ray', cluster.address, '--ray-cpus', '1'])):
        run('predict.py', *common, tmp_path / 'test', '--out', out, *shards, *more)
    assert labels[0].read_bytes() == labels[1].read_bytes()
    assert len(labels[0].read_text().splitlines()) == 12


class DiesOnce:
    """What shrinks, in a worker that dies while it writes its seventh picture, once."""

    def __init__(self, make, died):
        self.make, self.died = make, died

    def __call__(self):
        count, write = iter(range(10**6)), shrink.atomic_write

        def dying(path, *args, **kwargs):
            if next(count) == 6 and not self.died.exists():
                self.died.touch()
                path.with_name(f'.{path.name}.part').write_bytes(b'half')
                os.kill(os.getpid(), signal.SIGKILL)
            return write(path, *args, **kwargs)

        shrink.atomic_write = dying
        return self.make()


@slow
def test_shrunk_pictures_are_those_of_one_process_though_a_worker_dies(
    cluster, tmp_path, monkeypatch, capsys
):
    (tmp_path / 'photos').mkdir()
    for k in range(20):
        pixels = np.random.default_rng(k).integers(256, size=(40, 50, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f'photos/{k}.jpg'), pixels)
    (tmp_path / 'photos/broken.jpg').write_bytes(b'no picture')
    command = [tmp_path / 'photos', '--short-edge', '20', '--shard-images', '4', '--out']
    run('shrink_pictures.py', *command, tmp_path / 'alone')

    def write(workers, parts, numbers, make, before=RayWorkers.write):
        return before(workers, parts, numbers, DiesOnce(make, tmp_path / 'died'))

    monkeypatch.setattr(RayWorkers, 'write', write)
    run('shrink_pictures.py', *command, tmp_path / 'by_ray', '--ray', cluster.address)
    assert (tmp_path / 'died').exists()
    assert_same_files(tmp_path / 'alone', tmp_path / 'by_ray')
    told = capsys.readouterr()
    assert re.search(r'/by_ray: 20 pictures, .*, \d there already\n', told.out)
    assert told.err.count('1 is in no format that Pillow knows; the first: ') == 2
