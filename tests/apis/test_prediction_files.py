import csv
import json

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.apis.prediction_files import labels_of, prediction_file

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
