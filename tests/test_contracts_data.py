"""What every component of ours that data go through promises; all are found by the registries."""

import pickle
import random
import sys
from copy import deepcopy

import numpy as np
import pytest
import torch
from conftest import SUBSETS, mid, write_release
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample
from registered import build, check_settings, every, filled, ours
from torch.utils.data import ConcatDataset, DataLoader

from mmnoisy import InputError
from mmnoisy.datasets import FeatureBank, LabelIndex, OpenImages
from mmnoisy.datasets.open_images_features import keep_batch
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare

PICTURES = dict(
    ann_file='index/{subset}',
    data_root='{root}',
    data_prefix='{subset}',
    pipeline=[
        dict(type='LoadPicture'),
        dict(type='PackInputs', algorithm_keys=OpenImages.LABEL_KEYS),
    ],
)
FEATURES = dict(ann_file='index/{subset}', features='features/{subset}', data_root='{root}')
# What builds a small one of each, by registry and name.
SETTINGS = {
    'DATASETS': {
        'OpenImages': PICTURES,
        'OpenImagesDemo': PICTURES,  # which opens what is there
        'OpenImagesFeatures': FEATURES,
        'ConcatFeatures': dict(datasets=[dict(type='mmpretrain.OpenImagesFeatures', **FEATURES)]),
    },
    'DATA_SAMPLERS': {'RatioSampler': dict(source_ratio=[2, 1], seed=3)},
    'METRICS': {'VerifiedAveragePrecision': {}},
    'TRANSFORMS': {'LoadPicture': {}, 'LoadRandomResizedCrop': dict(scale=(24, 20))},
}


@pytest.mark.parametrize('registry', SETTINGS)
def test_every_component_is_looked_at(registry):
    check_settings(registry, SETTINGS, __file__)


def test_a_new_component_without_settings_is_named(monkeypatch):
    new = type('NewMetric', (), dict(__module__='mmnoisy.evaluation.new_metric'))
    monkeypatch.setitem(METRICS.module_dict, 'NewMetric', new)
    with pytest.raises(AssertionError, match=r"NewMetric of .* add what .* SETTINGS\['METRICS'\]"):
        check_settings('METRICS', SETTINGS, __file__)


# Datasets


@pytest.fixture(scope='module')
def release(tmp_path_factory):
    """A release with indexes and random features, and the labels that were written."""
    root = tmp_path_factory.mktemp('release')
    written = write_release(root)
    prepare(find_release(root), root / 'index')
    rng = np.random.default_rng(0)
    for subset in SUBSETS:
        ids = LabelIndex.open(root / 'index' / subset).image_ids
        bank = FeatureBank.create(root / 'features' / subset, ids, 3, 5, {})
        bank.write(np.arange(len(ids)), rng.normal(size=(len(ids), 3, 5)))
    return root, written


def dataset(root, name, subset='validation', **changes):
    settings = filled(SETTINGS['DATASETS'][name], root=root, subset=subset)
    for part in settings.get('datasets', [settings]):
        part.update(changes)
    return build('DATASETS', name, **settings)


def samples(dataset, numbers=None):
    """Inputs and labels of samples, each drawn with the same random numbers."""
    numbers = range(len(dataset)) if numbers is None else numbers
    drawn = []
    for number in numbers:
        np.random.seed(0)
        drawn.append(dataset[number])
    return [plain(sample) for sample in drawn]


def plain(sample):
    fields = sample['data_samples']
    return [sample['inputs'].tolist(), *(fields.get(key).tolist() for key in OpenImages.LABEL_KEYS)]


@every('DATASETS', SETTINGS)
@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('subset', SUBSETS)
def test_datasets_give_the_documented_fields(release, name, subset, test_mode):
    root, written = release
    found = dataset(root, name, subset, test_mode=test_mode)
    assert found.metainfo['classes'] == tuple(mid(k) for k in range(6))
    assert all(type(value) is tuple for value in found.metainfo.values())
    assert [found.image_id(i) for i in range(len(found))] == sorted(written[subset])
    for i in range(len(found)):
        sample = found[i]
        assert {*sample} == {'inputs', 'data_samples'}
        assert isinstance(sample['inputs'], torch.Tensor)
        fields = [sample['data_samples'].get(key) for key in OpenImages.LABEL_KEYS]
        assert [(type(field), field.ndim) for field in fields] == [(np.ndarray, 1)] * 4
        label, score, positive, negative = fields
        assert score.dtype == np.float32
        np.testing.assert_array_equal(score, np.full(len(label), 0.7, np.float32))
        for ids, expected in zip((label, positive, negative), written[subset][found.image_id(i)]):
            assert np.issubdtype(ids.dtype, np.integer)
            assert ids.tolist() == sorted(expected if label is ids or subset != 'train' else ())


@every('DATASETS', SETTINGS)
@pytest.mark.parametrize('test_mode', [False, True])
def test_copies_of_datasets_give_equal_samples(release, name, test_mode):
    whole = dataset(release[0], name, test_mode=test_mode)
    expected = samples(whole)
    for copy in (deepcopy(whole), pickle.loads(pickle.dumps(whole))):
        assert samples(copy) == expected
        assert copy.metainfo == whole.metainfo


@every('DATASETS', SETTINGS)
def test_some_images_of_a_dataset(release, name):
    expected = samples(dataset(release[0], name))
    for indices, numbers in ((3, range(3)), ([5, 2], [5, 2])):
        some = dataset(release[0], name, indices=indices)
        assert samples(some) == [expected[number] for number in numbers]


def test_spawned_workers_give_equal_samples(release):
    """All datasets by one worker, which starts without anything that was imported here."""
    whole = ConcatDataset([dataset(release[0], name, test_mode=True) for name in ours('DATASETS')])
    loader = DataLoader(
        whole, None, num_workers=1, collate_fn=keep_batch, multiprocessing_context='spawn'
    )
    assert [plain(sample) for sample in loader] == samples(whole)


# Samplers


def sampler(monkeypatch, name, rank=0, world_size=1):
    kind = ours('DATA_SAMPLERS')[name]
    module = sys.modules[kind.__module__]
    monkeypatch.setattr(module, 'get_dist_info', lambda: (rank, world_size))
    both = ConcatDataset([range(30), range(10)])
    return build('DATA_SAMPLERS', name, dataset=both, **SETTINGS['DATA_SAMPLERS'][name])


def epoch(sampler, number):
    sampler.set_epoch(number)
    drawn = list(sampler)
    assert len(drawn) == len(sampler)
    assert {*drawn} <= {*range(40)}
    return drawn


@every('DATA_SAMPLERS', SETTINGS)
def test_epochs_and_copies_of_samplers(monkeypatch, name):
    first = sampler(monkeypatch, name)
    epochs = [epoch(first, number) for number in range(3)]
    assert len({*map(tuple, epochs)}) == 3
    for copy in (sampler(monkeypatch, name), deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert [epoch(copy, number) for number in (2, 0, 1)] == [epochs[k] for k in (2, 0, 1)]
    draws = list(first.draws(0, 200))
    assert len({*draws}) == 200
    assert list(first.draws(90, 200)) == draws[90:]


@every('DATA_SAMPLERS', SETTINGS)
@pytest.mark.parametrize('world_size', [2, 3, 5])
def test_any_number_of_processes_draws_the_same(monkeypatch, name, world_size):
    alone = list(sampler(monkeypatch, name).draws(0, 12 * world_size))
    together = [
        draw
        for rank in range(world_size)
        for draw in sampler(monkeypatch, name, rank, world_size).draws(0, 12)
    ]
    assert sorted(together) == sorted(alone)


# Metrics


def metric(name, **changes):
    return build('METRICS', name, **SETTINGS['METRICS'][name], **changes)


def predictions(count=23, num_classes=4):
    rng = np.random.default_rng(0)
    verdicts = rng.integers(-1, 2, (count, num_classes))
    return [
        DataSample(
            pred_score=torch.tensor(rng.random(num_classes), dtype=torch.float32),
            verified_pos=np.flatnonzero(row == 1),
            verified_neg=np.flatnonzero(row == 0),
        ).to_dict()
        for row in verdicts
    ]


def evaluated(metric, images, batch_size):
    for begin in range(0, len(images), batch_size):
        metric.process(None, images[begin : begin + batch_size])
    return metric.evaluate(len(images))


@every('METRICS', SETTINGS)
def test_metrics_do_not_depend_on_order_batches_or_copies(name):
    images = predictions()
    expected = evaluated(metric(name), images, 23)
    assert expected
    assert all(type(key) is str and np.isfinite(value) for key, value in expected.items())
    shuffled = random.Random(0).sample(images, len(images))
    assert evaluated(metric(name), shuffled, 5) == pytest.approx(expected, abs=1e-9)
    begun = metric(name)
    begun.process(None, images[:9])
    for copy in (deepcopy(begun), pickle.loads(pickle.dumps(begun)), begun):
        copy.process(None, images[9:])
        for _ in range(2):  # and an evaluation leaves nothing behind
            assert copy.evaluate(len(images)) == pytest.approx(expected, abs=1e-9)
            copy.process(None, images)
    named = evaluated(metric(name, prefix='V'), images, 23)
    assert named == {f'V/{key}': value for key, value in expected.items()}


@every('METRICS', SETTINGS)
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_metrics_refuse_scores_that_are_not_finite(name, value):
    images = predictions()
    images[7]['pred_score'][1] = value
    with pytest.raises(InputError, match='not finite'):
        evaluated(metric(name), images, 5)


# Transforms


@every('TRANSFORMS', SETTINGS)
def test_transforms_give_pictures_and_can_be_copied(release, name):
    """Those that load: a picture and its shape, the same from a copy."""
    transform = build('TRANSFORMS', name, **SETTINGS['TRANSFORMS'][name])
    path = str(next((release[0] / 'train').iterdir()))
    results = []
    for copy in (transform, deepcopy(transform), pickle.loads(pickle.dumps(transform))):
        np.random.seed(0)
        results.append(copy(dict(img_path=path)))
    for result in results:
        assert result['img'].dtype == np.uint8
        assert result['img'].shape == (*result['img_shape'][:2], 3)
        np.testing.assert_array_equal(result['img'], results[0]['img'])
    assert name in repr(transform)
    with pytest.raises(OSError, match=r'gone\.jpg'):
        transform(dict(img_path='gone.jpg'))
