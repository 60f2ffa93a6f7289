import csv
import dataclasses

import pytest
from conftest import write_release

from mmnoisy import InputError
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare
from mmnoisy.datasets.statistics.counts import CategoryRow
from mmnoisy.datasets.statistics.summary import dataset_statistics
from mmnoisy.io.spreadsheet import from_text
from mmnoisy.reporting import dataset_statistics as report
from mmnoisy.reporting.dataset_statistics import table_text, write_report


@pytest.fixture
def statistics(tmp_path):
    write_release(tmp_path / 'release', num_images=30, pictures=False)
    return dataset_statistics(prepare(find_release(tmp_path / 'release'), tmp_path / 'index'))


def test_table_in_markdown():
    rows = [
        CategoryRow('art | craft', 2, 1, 1234, 56789, 0.7345),
        CategoryRow('total', 12, 1, 1234, 56789, float('nan')),
    ]
    assert table_text(rows).splitlines() == [
        '| category     | classes | rated | annotations | machine labels | correct |',
        '| ------------ | ------: | ----: | ----------: | -------------: | ------: |',
        '| art \\| craft |       2 |     1 |       1,234 |         56,789 |   73.5% |',
        '| total        |      12 |     1 |       1,234 |         56,789 |         |',
    ]


def test_a_report_that_fails_leaves_the_one_before_it(tmp_path, statistics, monkeypatch):
    out = tmp_path / 'new/stats'
    write_report(statistics, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(before) == ['classes.csv', 'figure4.png', 'table1.csv', 'table1.md']

    def full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(report, 'draw_figure', full)
    with pytest.raises(InputError, match=r'stats: cannot be written \(No space left on device'):
        write_report(dataclasses.replace(statistics, names=['new'] * 6), out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_classes_csv_tells_unrated_from_wrong(tmp_path, statistics):
    correct, wrong = statistics.rated.correct, statistics.rated.wrong
    correct[0], wrong[0], correct[1], wrong[1] = 0, 0, 0, 3
    write_report(statistics, tmp_path / 'stats')
    with open(tmp_path / 'stats/classes.csv', newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    assert [row['quality'] for row in rows[:2]] == ['', '0.000000']
    assert [row['rated_machine'] for row in rows[:2]] == ['0', '3']


def test_no_name_is_a_formula_to_a_spreadsheet(tmp_path, statistics):
    names = ['=1+1', '+a', '-b', '@c', "'=d", 'e']
    made = dataclasses.replace(
        statistics, classes=names, names=names, categories=[[name] for name in names]
    )
    write_report(made, tmp_path / 'stats')
    columns = {'classes.csv': ('LabelName', 'name', 'categories'), 'table1.csv': ('category',)}
    for file, keys in columns.items():
        with open(tmp_path / 'stats' / file, newline='', encoding='utf-8') as content:
            rows = list(csv.DictReader(content))
        for key in keys:
            cells = [row[key] for row in rows]
            assert not [cell for cell in cells if cell.startswith(('=', '+', '-', '@'))]
            assert {*names} <= {from_text(cell) for cell in cells}
