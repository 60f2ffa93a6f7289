import json
import pickle

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.datasets.csr import to_csr
from mmnoisy.datasets.feature_bank import FeatureBank
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.ids import texts_of_numbers
from mmnoisy.io.texts import Texts

IDS = ['a photo, 12.JPG', 'cats/é.jpg', 'cats/😀']


def make_index(verdicts=2):
    start = np.arange(4)
    one = np.ones(3, int)
    noisy = to_csr(
        start[:3], one, np.array([1, 0, 6]), np.float32([0.5, 0.6, 0.7]), (3, 7), np.maximum
    )
    rated = to_csr(
        start[:verdicts],
        one[:verdicts],
        np.array([1, 0])[:verdicts],
        one[:verdicts],
        (3, 7),
        np.add,
    )
    info = {'classes': [f'/m/{k}' for k in range(7)], 'class_names': list('abcdefg')}
    ids = Texts.of(IDS)
    return LabelIndex(ids, noisy, rated._replace(value=rated.value >= 0), info)


def assert_equal(a, b):
    np.testing.assert_array_equal(a.image_ids, b.image_ids)
    for x, y in zip((*a.noisy, *a.verdicts), (*b.noisy, *b.verdicts)):
        np.testing.assert_array_equal(x, y)
    assert a.classes == b.classes


def test_selected_and_joined():
    index = make_index()
    some = np.array([True, False, True])
    parts = index.select(some), index.select(~some)
    assert [part.image_ids.tolist() for part in parts] == [[IDS[0], IDS[2]], [IDS[1]]]
    assert [part.noisy.row(0)[0].tolist() for part in parts] == [[1], [0]]
    assert [part.verdicts.start.tolist() for part in parts] == [[0, 1, 1], [0, 1]]
    assert_equal(parts[0].join(parts[1]), index)
    assert_equal(parts[1].join(parts[0]), index)


@pytest.mark.parametrize('verdicts', [0, 2])
def test_written_and_opened(tmp_path, verdicts):
    index = make_index(verdicts)
    index.write(tmp_path / 'index')
    opened = LabelIndex.open(tmp_path / 'index')
    assert len(opened) == 3
    assert_equal(index, opened)


def test_a_pickled_index_maps_the_files_again(tmp_path):
    make_index().write(tmp_path / 'index')
    opened = LabelIndex.open(tmp_path / 'index')
    message = pickle.dumps(opened)
    assert len(message) < 1000 + len(str(tmp_path))
    assert_equal(opened, pickle.loads(message))
    assert_equal(make_index(), pickle.loads(pickle.dumps(make_index())))


def test_a_changed_index_is_pickled_as_it_is(tmp_path):
    made = make_index()
    made.write(tmp_path / 'index')
    np.save(tmp_path / 'index/usable.npy', np.array([0, 2]))
    opened = LabelIndex.open(tmp_path / 'index')
    assert pickle.loads(pickle.dumps(opened)).usable.tolist() == [0, 2]
    other = made.verdicts._replace(value=~made.verdicts.value)
    args = (opened.image_ids, opened.noisy, opened.verdicts, opened.info, opened.usable)
    changed = LabelIndex(*args[:2], other, *args[3:])
    assert_equal(changed, pickle.loads(pickle.dumps(changed)))
    assert pickle.loads(pickle.dumps(changed)).usable.tolist() == [0, 2]
    assert pickle.loads(pickle.dumps(LabelIndex(*args[:4]))).usable is None
    opened.noisy = made.noisy._replace(value=made.noisy.value / 2)
    assert_equal(opened, pickle.loads(pickle.dumps(opened)))
    opened = LabelIndex.open(tmp_path / 'index')
    opened.info['split'] = 'by hand'
    assert pickle.loads(pickle.dumps(opened)).info['split'] == 'by hand'


def test_refusals(tmp_path):
    with pytest.raises(InputError, match='there is no label index here'):
        LabelIndex.open(tmp_path)
    folder = tmp_path / 'index'
    make_index().write(folder)
    with open(folder / 'noisy_label.npy', 'r+b') as file:
        file.truncate(130)
    with pytest.raises(InputError, match=r'noisy_label\.npy: is missing or truncated'):
        LabelIndex.open(folder)
    np.save(folder / 'noisy_label.npy', np.zeros(2, np.uint16))
    with pytest.raises(InputError, match=r'holds \(2,\), not \[3\]'):
        LabelIndex.open(folder)
    info = json.loads((folder / 'index.json').read_text())
    (folder / 'index.json').write_text(json.dumps({**info, 'version': 99}))
    with pytest.raises(InputError, match='is not a label index of version 2'):
        LabelIndex.open(folder)
    (folder / 'index.json').write_text('{')
    with pytest.raises(InputError, match='is damaged'):
        LabelIndex.open(folder)


def test_an_index_and_a_bank_of_the_first_version_open(tmp_path):
    """Their ids were numbers."""
    numbers = np.array([3, 2**63, 2**64 - 1], np.uint64)
    index = make_index()
    index.image_ids = texts_of_numbers(numbers)
    index.write(tmp_path / 'index')
    bank = FeatureBank.create(tmp_path / 'bank', index.image_ids, 1, 2, {})
    bank.write(np.arange(3), np.ones((3, 1, 2)))
    for folder, name in ((tmp_path / 'index', 'index'), (tmp_path / 'bank', 'bank')):
        for path in folder.glob('image_ids_*.npy'):
            path.unlink()
        np.save(folder / 'image_ids.npy', numbers)
        path = folder / f'{name}.json'
        info = json.loads(path.read_text())
        info['version'] = 1
        shapes = info['shapes']
        del shapes['image_ids_start'], shapes['image_ids_bytes']
        shapes['image_ids'] = [3]
        path.write_text(json.dumps(info))
    ids = ['0000000000000003', '8000000000000000', 'ffffffffffffffff']
    assert_equal(LabelIndex.open(tmp_path / 'index'), index)
    assert LabelIndex.open(tmp_path / 'index').image_ids.tolist() == ids
    assert FeatureBank.open(tmp_path / 'bank').image_ids.tolist() == ids


def test_pictures_where_the_paths_are_known(tmp_path):
    """Ids are names as their owner gives them; a picture may have a longer path."""
    index = make_index()
    index.info['subset'] = 'train'
    assert index.picture(0) == 'a photo, 12.JPG.jpg'
    assert index.picture(0, '{split}/{id}') == 'train/a photo, 12.JPG'
    index.info['path_template'] = '{id}'
    assert index.picture(1) == 'cats/é.jpg'
    index.paths = Texts.of(['x.jpg', 'b/y.jpg', '../z.jpg'])
    index.write(tmp_path / 'index')
    opened = LabelIndex.open(tmp_path / 'index')
    assert [opened.picture(k, '{id}.png') for k in (0, 1)] == ['x.jpg', 'b/y.jpg']
    with pytest.raises(InputError, match='leads out of the folder'):
        opened.picture(2)
    assert len(pickle.dumps(opened)) < 500 + len(str(tmp_path))
    assert opened.select(np.array([False, True, True])).paths.tolist() == ['b/y.jpg', '../z.jpg']
    parts = [opened.select(np.array(mask, bool)) for mask in ([0, 1, 0], [1, 0, 1])]
    assert parts[0].join(parts[1]).paths == opened.paths
    opened.paths = None
    assert pickle.loads(pickle.dumps(opened)).paths is None
