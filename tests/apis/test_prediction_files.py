import csv
import json

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.apis.prediction_files import (
    Label,
    labels_of,
    own_layout,
    own_prediction_file,
    prediction_file,
)
from mmnoisy.datasets.sources.reading import read_labels

PREDICTIONS = {
    'a, "b".jpg': dict(
        pred_scores=np.array([0.25, 0.5, 0.75], np.float32),
        pred_labels=np.array([2, 1]),
        pred_classes=['Käse, hart', 'bee'],
    ),
    'none.jpg': dict(
        pred_scores=np.zeros(3, np.float32), pred_labels=np.zeros(0, int), pred_classes=[]
    ),
}
MIDS = ['/m/a', '/m/b', '/m/c']


def write(path):
    with prediction_file(path) as add:
        for name, prediction in PREDICTIONS.items():
            add(name, labels_of(prediction, MIDS))


def test_csv(tmp_path):
    write(tmp_path / 'labels.csv')
    with open(tmp_path / 'labels.csv', encoding='utf-8', newline='') as file:
        rows = [*csv.reader(file)]
    assert rows == [
        ['ImageID', 'Source', 'LabelName', 'Confidence', 'DisplayName'],
        ['a, "b".jpg', 'machine', '/m/c', '0.75', 'Käse, hart'],
        ['a, "b".jpg', 'machine', '/m/b', '0.5', 'bee'],
    ]


def test_json_lines(tmp_path):
    write(tmp_path / 'labels.jsonl')
    lines = (tmp_path / 'labels.jsonl').read_text('utf-8').splitlines()
    first, second = map(json.loads, lines)
    assert first == dict(
        path='a, "b".jpg',
        labels=[
            dict(label_name='/m/c', class_name='Käse, hart', score=0.75),
            dict(label_name='/m/b', class_name='bee', score=0.5),
        ],
    )
    assert second == dict(path='none.jpg', labels=[])


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"labels.txt: its suffix is '.txt'; give .csv or .jsonl"):
        write(tmp_path / 'labels.txt')
    assert not list(tmp_path.iterdir())


OWN = ['cat', 'Käse, hart', '=bee']
LISTS = dict(
    format='csv', sep=';', header=True, shape='list', list_sep='|', image_column='path',
    label_column='tags',
)  # fmt: skip


def write_own(path, layout, format=None):
    with own_prediction_file(path, OWN, own_layout(layout), format) as add:
        for name, prediction in PREDICTIONS.items():
            add(name, labels_of(prediction, OWN))


def test_a_project_has_its_own_form(tmp_path):
    write_own(tmp_path / 'new.csv', LISTS)
    assert (tmp_path / 'new.csv').read_text('utf-8').splitlines() == [
        'path;tags;scores',
        '"a, ""b"".jpg";\'=bee|Käse, hart;0.75|0.5',
        'none.jpg;;',
    ]


@pytest.mark.parametrize(
    ('name', 'format'),
    [('new.csv', None), ('new.jsonl', None), ('new.parquet', None), ('new.txt', None),
     ('new.json', 'coco'), ('new', 'jsonl')],
)  # fmt: skip
@pytest.mark.parametrize('layout', [LISTS, {'format': 'voc'}, {'format': 'jsonl'}])
def test_any_form_is_read_as_it_was_meant(tmp_path, layout, name, format):
    write_own(tmp_path / name, layout, format)
    table = read_labels(tmp_path / name)
    assert table.images == [*PREDICTIONS]
    found = zip(table.image, table.label, table.value)
    assert {(table.images[i], table.classes[k], float(v)) for i, k, v in found} == {
        ('a, "b".jpg', '=bee', 0.75),
        ('a, "b".jpg', 'Käse, hart', 0.5),
    }


@pytest.mark.parametrize('format', ['google', 'image_list', 'voc', 'folders', 'of no more'])
def test_what_holds_no_scores_is_no_form_of_predictions(format):
    assert own_layout({'format': format, 'sep': ','}) == {}
    assert own_layout(LISTS) == LISTS


def test_what_fails_leaves_no_file(tmp_path):
    label = Label('dog', 'dog', 0.5)
    with pytest.raises(KeyError), own_prediction_file(tmp_path / 'a.csv', OWN, {}, 'csv') as add:
        add('a.jpg', [label])
    assert not list(tmp_path.iterdir())
