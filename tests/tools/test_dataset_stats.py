"""tools/dataset_stats.py on a small release."""

import csv
import runpy
import sys

import cv2
import pytest
from conftest import REPO, mid, write_csv, write_release

from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare


@pytest.fixture
def index(tmp_path, monkeypatch):
    write_release(tmp_path / 'release', num_images=40, pictures=False)
    rows = [('LabelName', 'Category'), (mid(0), 'pet'), (mid(0), 'animal'), (mid(1), 'animal')]
    write_csv(tmp_path / 'release/categories.csv', rows)
    write_csv(tmp_path / 'release/class-descriptions.csv', [(mid(1), 'Cat, tabby')])
    prepare(find_release(tmp_path / 'release'), tmp_path / 'index')
    monkeypatch.chdir(tmp_path)
    return tmp_path / 'index'


@pytest.fixture
def run(monkeypatch):
    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['dataset_stats.py', *map(str, arguments)])
        runpy.run_path(str(REPO / 'tools/dataset_stats.py'), run_name='__main__')

    return run


def read(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def total(rows, *columns):
    return sum(int(row[column]) for row in rows for column in columns)


def test_tables_agree_with_one_another(index, run, capsys):
    run(index, '--out', 'stats')
    assert cv2.imread('stats/figure4.png').shape == (680, 1800, 3)
    classes, table = read('stats/classes.csv'), read('stats/table1.csv')
    assert [row['category'] for row in table] == ['animal', 'pet', 'others', 'total']
    assert [row['categories'] for row in classes[:3]] == ['pet;animal', 'animal', 'others']
    assert [row['name'] for row in classes[:2]] == [mid(0), 'Cat, tabby']
    machine = ('machine_train', 'machine_validation', 'machine_test')
    members = {name: [row for row in classes if name in row['categories']] for name in ('animal',)}
    members.update(pet=classes[:1], others=classes[2:], total=classes)
    for row in table:
        here = members[row['category']]
        assert int(row['classes']) == len(here)
        assert int(row['annotations']) == total(here, 'present', 'absent')
        assert int(row['machine_labels']) == total(here, *machine)
        # In this release every verdict is on a machine label.
        share = total(here, 'present') / total(here, 'rated_machine')
        assert float(row['correct']) == pytest.approx(share, abs=1e-6)
    for row in classes:
        quality = int(row['present']) / (int(row['present']) + int(row['absent']))
        assert float(row['quality']) == pytest.approx(quality, abs=1e-6)
    with open('stats/table1.md') as file:
        assert file.read() in capsys.readouterr().out


def test_other_categories_replace_those_of_the_index(index, run, capsys):
    write_csv(index.parent / 'groups.csv', [(mid(2), 'plant'), ('/m/x', 'plant'), ('/m/y', 'x')])
    run(index / 'test', '--out', 'stats', '--categories', 'groups.csv')
    table = read('stats/table1.csv')
    expected = [('plant', '1'), ('others', '5'), ('total', '6')]
    assert [(row['category'], row['classes']) for row in table] == expected
    assert 'groups.csv: 2 rows of classes outside the index left out (first: /m/x)' in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        (['gone', '--out', 'stats'], 'gone: there is no label index here'),
        (['index', '--out', 'release/categories.csv'], 'categories.csv: cannot be written to ('),
        (['index', '--out', 'release/categories.csv/x'], 'categories.csv/x: cannot be written'),
        (['index', '--out', 's', '--categories', 'no.csv'], 'no.csv: there is no such file'),
        (['index', '--out', 's', '--categories', 'index/test/index.json'], 'index.json: '),
    ],
)
def test_wrong_input_ends_in_one_sentence(index, run, capsys, arguments, complaint):
    with pytest.raises(SystemExit) as exit_:
        run(*arguments)
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('dataset_stats.py: error: ')
    assert complaint in line
    assert sorted(path.name for path in index.parent.iterdir()) == ['index', 'release']
