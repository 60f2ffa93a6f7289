import pickle

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mmnoisy.io.arrays import open_texts, text_arrays
from mmnoisy.io.texts import Texts, concatenate, numbered_once

TEXTS = st.lists(st.text(st.characters(exclude_categories=['Cs']), max_size=5), max_size=12)


@given(TEXTS, st.data())
def test_they_are_a_list(given_texts, data):
    texts = Texts.of(given_texts)
    assert texts.tolist() == given_texts and len(texts) == len(given_texts)
    assert texts == Texts.of(given_texts) and texts != Texts.of([*given_texts, ''])
    part = data.draw(st.slices(len(given_texts)))
    assert texts[part].tolist() == given_texts[part]
    rows = data.draw(st.lists(st.integers(0, len(given_texts) - 1))) if given_texts else []
    assert texts[np.array(rows, int)].tolist() == [given_texts[row] for row in rows]
    mask = np.array([len(text) % 2 == 0 for text in given_texts], bool)
    some = texts[mask]
    assert some.tolist() == [text for text in given_texts if len(text) % 2 == 0]
    assert pickle.loads(pickle.dumps(texts[1:])).tolist() == given_texts[1:]
    assert Texts.of_arrow(pa.array(given_texts, pa.string())) == texts
    assert concatenate([texts, some]).tolist() == given_texts + some.tolist()


@given(TEXTS, TEXTS)
def test_found_and_sorted_as_python_does(here, asked):
    texts, others = Texts.of(here), Texts.of(asked)
    distinct = texts.sorted_once()
    assert distinct.tolist() == sorted({*here})
    first = sorted({*here}, key=here.index)
    expected = [first.index(text) if text in first else -1 for text in asked]
    assert Texts.of(first).rows(others).tolist() == expected
    for text in asked:
        row = distinct.row(text)
        assert distinct[row] == text if text in here else row == -1


@given(TEXTS)
def test_a_part_is_written_without_the_rest(given_texts):
    texts = Texts.of(given_texts)[1:]
    start, data = texts.arrays()
    assert start[0] == 0 and len(data) == sum(len(text.encode()) for text in given_texts[1:])


def test_written_and_mapped(tmp_path):
    texts = Texts.of(['a photo, 12.JPG', '', 'cats/é.jpg'])
    shapes = {}
    for name, array in text_arrays('ids', texts).items():
        np.save(tmp_path / f'{name}.npy', array)
        shapes[name] = array.shape
    assert open_texts(tmp_path, 'ids', shapes, '') == texts


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_numbered_as_python_does(parts):
    distinct, numbers = numbered_once([Texts.of(part) for part in parts])
    wanted = sorted({text for part in parts for text in part})
    assert distinct.tolist() == wanted
    assert [rows.tolist() for rows in numbers] == [
        [wanted.index(text) for text in part] for part in parts
    ]
