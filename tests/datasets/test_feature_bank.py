import json
import pickle
import shutil
from collections import namedtuple

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.datasets.feature_bank import FeatureBank
from mmnoisy.io.texts import Texts

IDS = Texts.of(['a photo, 12.JPG', 'cats/é.jpg', 'cats/😀'])
PROVENANCE = {'weights': 'abc', 'pipeline': 'resize'}
FEATURES = np.arange(3 * 2 * 4, dtype=np.float32).reshape(3, 2, 4) / 7


def create(folder, **changes):
    made_of = dict(image_ids=IDS, views=2, dim=4, provenance=PROVENANCE)
    return FeatureBank.create(folder, **{**made_of, **changes})


def finished(folder):
    create(folder).write(np.arange(3), FEATURES)
    return folder


def test_written_and_opened(tmp_path):
    bank = create(tmp_path / 'a' / 'bank')
    bank.write(np.array([2, 0]), FEATURES[[2, 0]])
    assert bank.done.tolist() == [True, False, True]
    with pytest.raises(InputError, match='2 of 3 images are finished; remove it'):
        FeatureBank.open(bank.folder)
    create(bank.folder).write(np.array([1]), FEATURES[[1]])
    opened = FeatureBank.open(bank.folder)
    np.testing.assert_array_equal(opened.features, FEATURES.astype(np.float16))
    assert opened.image_ids == IDS
    assert opened.provenance == PROVENANCE
    assert [path.name for path in bank.folder.parent.iterdir()] == ['bank']


def test_a_pickled_bank_maps_the_files_again(tmp_path):
    opened = FeatureBank.open(finished(tmp_path / 'bank'))
    message = pickle.dumps(opened)
    assert len(message) < 500 + len(str(tmp_path))
    np.testing.assert_array_equal(pickle.loads(message).features, opened.features)
    with pytest.raises(ValueError, match='read-only'):
        opened.features[0] = 0


@pytest.mark.parametrize(
    ('changes', 'difference'),
    [
        (dict(image_ids=IDS[:2]), 'number of images'),
        (dict(image_ids=Texts.of(['a', 'b', 'c'])), 'image ids'),
        (dict(views=3), 'views'),
        (dict(dim=5), 'dimension'),
        (dict(provenance={**PROVENANCE, 'weights': 'x'}), 'weights'),
        (dict(provenance={'weights': 'x'}), 'pipeline, weights'),
    ],
)
def test_other_features_are_not_mixed_in(tmp_path, changes, difference):
    create(tmp_path / 'bank')
    with pytest.raises(InputError, match=rf'\(other {difference}\); extract into a new folder'):
        create(tmp_path / 'bank', **changes)


def test_refusals(tmp_path, monkeypatch):
    with pytest.raises(InputError, match='there is no feature bank here; make it with'):
        FeatureBank.open(tmp_path)
    with pytest.raises(InputError, match='there is no feature bank here; extract into a new'):
        create(tmp_path)
    folder = finished(tmp_path / 'bank')
    with pytest.raises(InputError, match='a feature is 70000, which float16 does not hold'):
        create(folder).write(np.arange(3), FEATURES + 70000 - FEATURES)
    np.testing.assert_array_equal(FeatureBank.open(folder).features, FEATURES.astype(np.float16))
    for name in ('features', 'done', 'image_ids_start', 'image_ids_bytes'):
        whole = shutil.copytree(folder, tmp_path / f'without {name}') / f'{name}.npy'
        whole.write_bytes(whole.read_bytes()[:-1])
        with pytest.raises(InputError, match=rf'{name}\.npy: is missing or truncated'):
            FeatureBank.open(whole.parent)
    np.save(folder / 'done.npy', np.ones(2, bool))
    with pytest.raises(InputError, match=r'done\.npy: holds \(2,\), not \[3\]'):
        FeatureBank.open(folder)
    info = json.loads((folder / 'bank.json').read_text())
    (folder / 'bank.json').write_text(json.dumps({**info, 'format': 'mmnoisy label index'}))
    with pytest.raises(InputError, match='is not a feature bank of version 2'):
        FeatureBank.open(folder)
    usage = namedtuple('usage', 'free')(10)
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage)
    with pytest.raises(InputError, match=r'the features take 0\.0 GB and 0\.0 GB are free'):
        create(tmp_path / 'large')
    assert not (tmp_path / 'large').exists()
