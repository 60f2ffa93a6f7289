"""Indexes and banks of several folders, against the same in one."""

import pickle
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_index import make_data_set, make_labels

from mmnoisy import InputError
from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.feature_bank import find_images, take_features
from mmnoisy.datasets.statistics.counts import count_labels
from mmnoisy.io.chained import Chained, chained_starts, chained_texts
from mmnoisy.io.texts import Texts

CUTS = (0, 7, 7, 150, 299, 300)


@st.composite
def chains(draw):
    """A chain of numbers, and the same as an array."""
    parts = draw(st.lists(st.lists(st.integers(0, 99), max_size=4), min_size=1, max_size=4))
    offsets = draw(st.none() | st.just([1000 * k for k in range(len(parts))]))
    arrays = [np.array(part, np.int64) for part in parts]
    added = [array + (offsets[k] if offsets else 0) for k, array in enumerate(arrays)]
    return Chained(arrays, offsets), np.concatenate(added)


@given(chains(), st.data())
def test_a_chain_is_read_like_an_array(both, data):
    chain, array = both
    assert len(chain) == len(array)
    assert chain.shape == array.shape
    np.testing.assert_array_equal(chain, array)
    assert [*chain] == array.tolist()
    where = data.draw(st.slices(len(array)))
    np.testing.assert_array_equal(chain[where], array[where])
    rows = st.integers(-len(array), len(array) - 1) if len(array) else st.nothing()
    numbers = np.array(data.draw(st.lists(rows) if len(array) else st.just([])), np.int64)
    np.testing.assert_array_equal(chain[numbers], array[numbers])
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(array), max_size=len(array))))
    np.testing.assert_array_equal(chain[mask.astype(bool)], array[mask.astype(bool)])
    with pytest.raises(IndexError):
        chain[len(array)]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=['Cs']), max_size=3))), st.data())
def test_chained_texts_are_texts(parts, data):
    parts = parts or [[]]
    chain = chained_texts([*map(Texts.of, parts)])
    texts = Texts.of([text for part in parts for text in part])
    assert chain == texts
    assert chain.tolist() == texts.tolist()
    assert chain.to_arrow() == texts.to_arrow()
    where = data.draw(st.slices(len(texts)))
    assert chain[where].tolist() == texts[where].tolist()
    assert chain[where].to_arrow() == texts[where].to_arrow()
    if len(texts):
        rows = np.array(data.draw(st.lists(st.integers(0, len(texts) - 1))), np.int64)
        assert chain[rows] == texts[rows]


def test_starts():
    chain = chained_starts([np.array([0, 2, 5]), np.array([0]), np.array([0, 1])])
    assert np.asarray(chain).tolist() == [0, 2, 5, 6]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A data set whose T is in one folder, and in five; one of them without an image."""
    root = tmp_path_factory.mktemp('several')
    make_data_set(root)
    index = LabelIndex.open(root / 'index/train')
    bank = FeatureBank.open(root / 'features/train')
    for k, (first, end) in enumerate(zip(CUTS, CUTS[1:])):
        rows = np.arange(first, end)
        inside = np.isin(np.arange(300), rows)
        index.select(inside).write(root / f'index/parts/{k}')
    for k, (first, end) in enumerate(((0, 100), (100, 300))):  # cut otherwise
        part = FeatureBank.create(root / f'features/parts/{k}', bank.image_ids[first:end], 1, 8, {})
        part.write(np.arange(end - first), bank.features[first:end].astype(np.float32))
    return root


def test_an_index_of_five_is_that_of_one(root):
    one, five = (LabelIndex.open(root / 'index' / name) for name in ('train', 'parts'))
    assert repr(one) == repr(five)
    assert one.image_ids == five.image_ids
    for a, b in ((one.noisy, five.noisy), (one.verdicts, five.verdicts)):
        for x, y in zip(a, b):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)
        counts = count_labels(a, one.verdicts, 12), count_labels(b, five.verdicts, 12)
        np.testing.assert_array_equal(*counts)
    rows = np.random.default_rng(0).permutation(300)
    for x, y in zip(one.noisy.take(rows), five.noisy.take(rows)):
        np.testing.assert_array_equal(x, y)
    for row in rows[:50]:
        assert five.image_ids.row(one.image_ids[row]) == row
        for x, y in zip(one.noisy.row(row), five.noisy.row(row)):
            np.testing.assert_array_equal(x, y)
    assert one.info['shapes'] == five.info['shapes']


def test_what_is_written_of_it_is_the_same(root, tmp_path):
    LabelIndex.open(root / 'index/train').write(tmp_path / 'one')
    LabelIndex.open(root / 'index/parts').write(tmp_path / 'five')
    for path in (tmp_path / 'one').iterdir():
        assert path.read_bytes() == (tmp_path / 'five' / path.name).read_bytes(), path


def test_a_pickled_one_maps_the_files_again(root):
    for kind, name in ((LabelIndex, 'index'), (FeatureBank, 'features')):
        opened = kind.open(root / name / 'parts')
        message = pickle.dumps(opened)
        assert len(message) < 500 + len(str(root))
        assert pickle.loads(message).image_ids == opened.image_ids


def test_features_are_those_of_one(root):
    one, two = (FeatureBank.open(root / 'features' / name) for name in ('train', 'parts'))
    ids = one.image_ids[np.random.default_rng(0).permutation(300)[:90]]
    places = [find_images([bank], ids) for bank in (one, two)]
    np.testing.assert_array_equal(*places)
    views = np.zeros(90, np.int64)
    features = [take_features([bank], place, views) for bank, place in zip((one, two), places)]
    np.testing.assert_array_equal(*features)
    assert features[1].dtype == np.float16
    np.testing.assert_array_equal(one.features, two.features)


def test_pictures_that_cannot_be_read(root, tmp_path):
    shutil.copytree(root / 'index/parts', tmp_path / 'parts')
    np.save(tmp_path / 'parts/2/usable.npy', np.arange(1, 143))
    usable = LabelIndex.open(tmp_path / 'parts').usable
    assert usable.tolist() == [*range(7), *range(8, 300)]


def test_refusals(root, tmp_path):
    folder = shutil.copytree(root / 'index/parts', tmp_path / 'parts')
    (folder / '0').rename(folder / '9')
    with pytest.raises(InputError, match=r'parts/9: its first image \w+ does not follow the last'):
        LabelIndex.open(folder)
    shutil.rmtree(folder / '9')
    make_labels(5, 11, 'train', 7).write(folder / '9')
    with pytest.raises(
        InputError, match=r'parts/9: has other classes, class_names than \S+parts/1'
    ):
        LabelIndex.open(folder)
    folder = shutil.copytree(root / 'features/parts', tmp_path / 'bank')
    shutil.rmtree(folder / '1')
    ids = FeatureBank.open(root / 'features/train').image_ids[200:202]
    FeatureBank.create(folder / '1', ids, 1, 9, {}).write(np.arange(2), np.zeros((2, 1, 9)))
    with pytest.raises(InputError, match=r'1: holds other features than .*; extract all'):
        FeatureBank.open(folder)


def test_sets_are_no_parts_of_one(tmp_path):
    make_data_set(tmp_path)
    with pytest.raises(InputError, match=r'index: holds several sets.*index/test'):
        LabelIndex.open(tmp_path / 'index')
    with pytest.raises(InputError, match=r'features: holds several sets.*features/test'):
        FeatureBank.open(tmp_path / 'features')
    with pytest.raises(InputError, match=r'no label index here; give one of those in it'):
        LabelIndex.open(tmp_path)
