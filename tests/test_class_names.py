import csv

import pytest
from conftest import DATA

from mmnoisy.class_names import distinct_names


def test_by_hand():
    ids = ['/m/1', '/m/2', '/m/3', '/m/4', '/m/5']
    names = ['Crane', 'Dog', 'Crane', '', 'Crane (/m/1)']
    found = ['Crane (/m/1) (/m/1)', 'Dog', 'Crane (/m/3)', '/m/4', 'Crane (/m/1) (/m/5)']
    assert distinct_names(ids, names) == found


def test_the_classes_of_open_images():
    path = DATA / 'open-images-meta/dict.csv'
    if not path.exists():
        pytest.skip(f'{path} is not there')
    with open(path, newline='', encoding='utf-8') as file:
        ids, names = zip(*csv.reader(file))
    found = distinct_names(ids, names)
    assert len({*found}) == len(ids)
    assert all(found)
    changed = [k for k, name in enumerate(names) if name != found[k]]
    assert len(changed) == 150  # 74 names
    assert all(ids[k] in found[k] for k in changed)
