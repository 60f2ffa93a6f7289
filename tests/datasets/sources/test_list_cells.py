"""Whether cells hold one label or several."""

import csv
import random

import pytest
from conftest import DATA
from made_tables import said

from mmnoisy import InputError, read_labels
from mmnoisy.datasets.sources.list_cells import ONE, compose, find_form, parse

CLASSES = ['cat', 'dog', 'bird', 'sports car', 'red, round', 'grass', 'sky', 'people']


def cells(sep, number=300, classes=CLASSES, most=4):
    rng = random.Random(0)
    return list({sep.join(rng.sample(classes, rng.randint(1, most))) for _ in range(number)})


@pytest.mark.parametrize('sep', ['|', ';'])
def test_bars_and_semicolons(sep):
    assert find_form(cells(sep), '') == sep


def test_commas_and_spaces():
    words = [name for name in CLASSES if name.isalpha()]
    assert find_form(cells(',', classes=words), '') == ','
    assert find_form(cells(', ', classes=words), '') == ','
    assert find_form(cells(' ', classes=words), '') == ' '


def test_single_labels():
    assert find_form(CLASSES, '', rows=100, images=100) == ONE
    assert find_form([], '') == ONE
    names = ['sports car', 'race car', 'car', 'hot dog', 'dog']
    assert find_form(names, '', rows=100, images=100) == ONE


def test_a_question_rather_than_a_guess():
    for unclear in (
        ['a|b', 'c'],
        ['a|b;c', 'a;b', 'b|c', 'c|a'],
        ['red car', 'blue car', 'red bike', 'blue bike'],
        ['sports car', 'race car', 'car', 'hot dog', 'dog'],  # in too few rows to tell
        ['a, b', 'a', 'c, d'],
    ):
        with pytest.raises(InputError, match='may be one label or several'):
            find_form(unclear, 'x.csv')


def test_several_are_said_by_the_name_of_the_column():
    assert find_form(['a|b', 'c'], '', plural=True) == '|'
    assert find_form(['a,b', 'b', 'c,a'], '', plural=True) == ','


def test_rows_for_an_image_make_words_unlikely():
    names = ['red car', 'blue car', 'red bike', 'blue bike']
    assert find_form(names, '', rows=9, images=4) == ONE


def test_names_of_open_images_are_single_labels():
    path = DATA / 'open-images-meta/oidv6-class-descriptions.csv'
    if not path.exists():
        pytest.skip(f'{path} is not there')
    with open(path, newline='') as file:
        names = [name for _, name in csv.reader(file)]
    assert find_form(names, '', rows=2 * len(names), images=len(names)) == ONE
    some = random.Random(0).sample(names, 600)
    assert find_form(some, '') == ONE


@pytest.mark.parametrize(
    ('cell', 'form', 'parts'),
    [
        ('cat;; dog ;', ';', ['cat', 'dog']),
        ('["a", 3, 0.50, null]', 'json', ['a', '3', '0.50', '']),
        ("['a', 3]", 'python', ['a', '3']),
        ("('a',)", 'python', ['a']),
        ("['a' 'b']", 'python', None),  # as NumPy shows them: Python would join them
        ('{"a": 1}', 'json', None),
        ('[["a"]]', 'json', None),
        ('[1', 'python', None),
        ('[' * 10_000, 'json', None),
    ],
)
def test_cells_taken_apart(cell, form, parts):
    assert parse(cell, form) == parts


@pytest.mark.parametrize('form', ['json', 'python', ';'])
def test_cells_put_together(form):
    assert parse(compose(['a b', "c'd", 'e"f'], form), form) == ['a b', "c'd", 'e"f']
    assert parse(compose(['0.5', '1'], form, numbers=True), form) == ['0.5', '1']


def test_commas_in_labels_and_scores_are_of_lists(tmp_path):
    """Not decimal commas, which labels without commas have."""
    path = tmp_path / 'labels.csv'
    path.write_text('image;labels;scores\na.jpg;cat;1\nb.jpg;cat,dog;1,0.5\n')
    table = read_labels(path)
    assert said(table) == [('a.jpg', 'cat', 1), ('b.jpg', 'cat', 1), ('b.jpg', 'dog', 0.5)]
    path.write_text('image;label;score\na.jpg;cat;1\nb.jpg;dog;0,5\n')
    assert said(read_labels(path)) == [('a.jpg', 'cat', 1), ('b.jpg', 'dog', 0.5)]
