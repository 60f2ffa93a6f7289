import pickle

import numpy as np
import pytest
import torch
from conftest import write_release
from mmengine.dataset import ConcatDataset
from mmpretrain.registry import DATASETS
from torch.utils.data import DataLoader

from mmnoisy import InputError
from mmnoisy.datasets import FeatureBank, LabelIndex, OpenImages, RatioSampler
from mmnoisy.datasets.feature_bank import find_images, take_features
from mmnoisy.datasets.open_images_features import keep_batch
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare
from mmnoisy.io.texts import Texts, concatenate

VIEWS, DIM = 3, 5


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A release with banks of random features."""
    root = tmp_path_factory.mktemp('release')
    write_release(root, num_images=9)
    prepare(find_release(root), root / 'index')
    rng = np.random.default_rng(0)
    for subset in ('train', 'validation', 'test'):
        ids = LabelIndex.open(root / 'index' / subset).image_ids
        bank = FeatureBank.create(root / 'features' / subset, ids, VIEWS, DIM, {})
        bank.write(np.arange(len(ids)), rng.normal(size=(len(ids), VIEWS, DIM)))
    return root


def build(root, subset, **kwargs):
    paths = dict(ann_file=f'index/{subset}', features=f'features/{subset}', data_root=str(root))
    return DATASETS.build(dict(type='mmpretrain.OpenImagesFeatures', **{**paths, **kwargs}))


def pictures(root, subset):
    return OpenImages(f'index/{subset}', str(root), subset)


def assert_same_labels(fields, info):
    for key in OpenImages.LABEL_KEYS:
        np.testing.assert_array_equal(fields.get(key), info[key])


@pytest.mark.parametrize('subset', ['train', 'validation'])
def test_batches_equal_the_samples_of_the_pictures(root, subset):
    dataset, slow = build(root, subset), pictures(root, subset)
    indices = [4, 0, 4, 8]
    batch = dataset.__getitems__(indices)
    assert batch['inputs'].shape == (4, DIM)
    assert len(batch['data_samples']) == 4
    for features, fields, i in zip(batch['inputs'], batch['data_samples'], indices):
        assert features.tolist() in dataset.banks[0].features[i].tolist()
        assert_same_labels(fields, slow.get_data_info(i))
    assert_same_labels(dataset[4]['data_samples'], slow.get_data_info(4))


def test_every_view_is_drawn_in_training_and_the_first_one_in_tests(root):
    drawn = build(root, 'train').__getitems__([2] * 200)['inputs']
    values, count = np.unique(drawn, axis=0, return_counts=True)
    np.testing.assert_array_equal(
        values, np.unique(build(root, 'train').banks[0].features[2], axis=0)
    )
    assert count.min() > 40
    dataset, slow = build(root, 'test', test_mode=True), pictures(root, 'test')
    batch = dataset.__getitems__([5, 3])
    np.testing.assert_array_equal(batch['inputs'], dataset.banks[0].features[[5, 3], 0])
    for sample, i in zip(batch['data_samples'], (5, 3)):
        assert_same_labels(sample, slow.get_data_info(i))
    assert_same_labels(dataset[5]['data_samples'], slow.get_data_info(5))


def test_two_sources_in_a_ratio(root):
    parts = [build(root, subset) for subset in ('train', 'validation')]
    both = DATASETS.build(dict(type='mmpretrain.ConcatFeatures', datasets=parts))
    sampler = RatioSampler(both, [2, 1], seed=0)
    loader = DataLoader(both, batch_size=6, sampler=sampler, collate_fn=keep_batch)
    slow = ConcatDataset([pictures(root, subset) for subset in ('train', 'validation')])
    indices = np.array(list(sampler))
    for number, batch in enumerate(loader):
        # The images of the first source come first, in their order.
        drawn = indices[6 * number : 6 * number + 6]
        drawn = np.concatenate([drawn[drawn < 9], drawn[drawn >= 9]])
        assert len(batch['data_samples']) == len(drawn)
        for features, fields, i in zip(batch['inputs'], batch['data_samples'], drawn):
            assert features.tolist() in parts[i // 9].banks[0].features[i % 9].tolist()
            assert_same_labels(fields, slow.get_data_info(int(i)))
    held_out = [build(root, subset, test_mode=True) for subset in ('validation', 'test')]
    both = DATASETS.build(dict(type='mmpretrain.ConcatFeatures', datasets=held_out))
    assert len(both.__getitems__([1, 17])['data_samples']) == 2


def test_subsets_and_spawned_workers(root):
    whole = build(root, 'test', test_mode=True)
    inputs = whole.__getitems__(range(9))['inputs']
    for some in (build(root, 'test', test_mode=True, indices=[5, 2]), whole.get_subset([5, 2])):
        assert torch.equal(some.__getitems__([0, 1])['inputs'], inputs[[5, 2]])
    assert len(build(root, 'test', indices=4)) == 4
    copy = pickle.loads(pickle.dumps(whole))
    assert torch.equal(copy.__getitems__(range(9))['inputs'], inputs)


def test_pictures_that_cannot_be_read_are_in_neither(root, tmp_path):
    prepare(find_release(root), tmp_path / 'index')
    usable = np.array([1, 4, 8])
    np.save(tmp_path / 'index/test/usable.npy', usable)
    ids = LabelIndex.open(tmp_path / 'index/test').image_ids[usable]
    bank = FeatureBank.create(tmp_path / 'features/test', ids, 1, DIM, {})
    bank.write(np.arange(3), np.arange(3.0)[:, None, None] * np.ones((1, 1, DIM)))
    dataset, slow = build(tmp_path, 'test'), pictures(root, 'test')
    batch = dataset.__getitems__([2, 1])
    assert batch['inputs'][:, 0].tolist() == [2, 1]
    for fields, i in zip(batch['data_samples'], (8, 4)):
        assert_same_labels(fields, slow.get_data_info(i))


def test_a_bank_of_other_images_is_refused(root):
    with pytest.raises(InputError, match='holds the features of 9 images, which are not the 9 of'):
        build(root, 'test', features='features/train')
    with pytest.raises(InputError, match='there is no feature bank here'):
        build(root, 'test', features='features/gone')


def test_several_banks_serve_as_one(root):
    """All images of validation and two of train: what an index has after two verdicts on T."""
    train, validation = build(root, 'train'), build(root, 'validation')
    banks = [validation.banks[0], train.banks[0]]
    ids = concatenate([train.banks[0].image_ids[[4, 1]], validation.banks[0].image_ids[::-1]])
    place = find_images(banks, ids)
    views = np.arange(len(ids)) % 2
    wanted = [train.banks[0].features[4, 0], train.banks[0].features[1, 1]]
    wanted += [validation.banks[0].features[8 - k, k % 2] for k in range(9)]
    np.testing.assert_array_equal(take_features(banks, place, views), wanted)
    assert find_images(banks, Texts.of(['3'])).tolist() == [-1]


def test_banks_of_different_widths_are_refused(root, tmp_path):
    bank = build(root, 'train').banks[0]
    wide = FeatureBank.create(tmp_path / 'wide', bank.image_ids, 1, 99, {})
    with pytest.raises(InputError, match='hold features of widths'):
        take_features([bank, wide], np.arange(2), np.zeros(2, int))
