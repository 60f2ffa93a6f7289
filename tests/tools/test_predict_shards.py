"""Predictions of pictures in tables, by shards, and as tables."""

import io
import json
import shutil
import tarfile

import pyarrow as pa
import pytest
from pyarrow import parquet
from small_classifier import refused, run

from mmnoisy.datasets.sources.reading import read_labels

OPTIONS = ['--threshold', '0.3', '--batch-size', '2', '--device', 'cpu']


@pytest.fixture(scope='module')
def data(small, tmp_path_factory):
    """The same pictures in a folder, in Parquet of three kinds, and in two tar files."""
    root = tmp_path_factory.mktemp('data')
    (root / 'photos').mkdir()
    for path in small.pictures:
        shutil.copy(path, root / 'photos')
    names = sorted(path.name for path in (root / 'photos').iterdir())
    octets = [(root / 'photos' / name).read_bytes() for name in names]
    cells = [dict(path=name, bytes=data) for name, data in zip(names, octets)]
    tables = dict(
        plain=pa.table({'image_id': names, 'data': octets}),
        hugging_face=pa.table({'image': pa.array(cells), 'tags': names}),
        paths=pa.table({'path': [str(root / 'photos' / name) for name in names]}),
    )
    for kind, table in tables.items():
        (root / kind).mkdir()
        for k, first in enumerate((0, 5)):
            part = table.slice(first, 5 if first == 0 else None)
            parquet.write_table(part, root / kind / f'part-{k}.parquet')
    (root / 'tars').mkdir()
    for k, chosen in enumerate((slice(5), slice(5, None))):
        with tarfile.open(root / 'tars' / f'{k:05d}.tar', 'w') as tar:
            for name, data in zip(names[chosen], octets[chosen]):
                for suffix, content in (('.jpg', data), ('.json', b'{}')):
                    member = tarfile.TarInfo(name.replace('.jpg', suffix))
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    return root


def predict(small, inputs, out, *more):
    run('predict.py', small.config, small.weights, inputs, '--out', out, *OPTIONS, *more)


def lines(path):
    return {one['path']: one['labels'] for one in map(json.loads, path.read_text().splitlines())}


@pytest.fixture(scope='module')
def expected(small, data):
    predict(small, data / 'photos', data / 'folder.jsonl')
    found = lines(data / 'folder.jsonl')
    assert len(found) == 12
    assert 0 < sum(map(len, found.values())) < 12 * 6
    return found


@pytest.mark.parametrize('kind', ['plain', 'hugging_face', 'tars', 'paths'])
def test_pictures_in_tables(small, data, expected, kind, tmp_path):
    predict(small, data / kind, tmp_path / 'labels.jsonl')
    found = lines(tmp_path / 'labels.jsonl')
    if kind == 'paths':
        expected = {str(data / 'photos' / name): labels for name, labels in expected.items()}
    assert found.keys() == expected.keys()
    for name, labels in found.items():  # batches differ, so that the last digit may
        assert [one['label_name'] for one in labels] == [
            one['label_name'] for one in expected[name]
        ]
        scores = [[one['score'] for one in of_one] for of_one in (labels, expected[name])]
        assert scores[0] == pytest.approx(scores[1], abs=2e-6)


def test_shares_and_tables_out(small, data, expected, tmp_path):
    for share in ('1/2', '0/2'):
        predict(small, data / 'plain', tmp_path / 'out', '--parquet', '--shards', share)
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        '_run.json',
        'part-0.parquet',
        'part-1.parquet',
    ]
    read = read_labels(tmp_path / 'out')
    assert len(read.value) == sum(map(len, expected.values()))
    table = parquet.read_table(tmp_path / 'out')
    assert table['path'].to_pylist() == [*expected]
    assert table['reason'].null_count == 12


def test_what_cannot_be_read_is_counted(small, data, tmp_path, capsys):
    octets = [(data / 'photos').joinpath(small.pictures[0].name).read_bytes(), b'none', None]
    parquet.write_table(pa.table({'id': ['a', 'b', 'c'], 'jpg': octets}), tmp_path / 'a.parquet')
    predict(small, tmp_path / 'a.parquet', tmp_path / 'labels.csv')
    told = capsys.readouterr()
    assert 'labels of 1 picture' in told.out
    assert '1 labelled, 2 not: 2 cannot be read as a picture; the first: b: cannot' in told.err


def test_refusals(small, tmp_path, capsys):
    def complaint(name):
        command = ['predict.py', small.config, small.weights, tmp_path / name]
        return refused(capsys, *command, '--out', tmp_path / 'x.csv')

    parquet.write_table(pa.table({'a': [1]}), tmp_path / 'numbers.parquet')
    assert 'has no pictures in its columns a; give a column of their bytes' in complaint(
        'numbers.parquet'
    )
    for name, what in (('a.parquet', 'Parquet'), ('a.tar', 'tar')):
        (tmp_path / name).write_bytes(b'nothing of this kind')
        assert f'{name}: is no whole {what} file' in complaint(name)
