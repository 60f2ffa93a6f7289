from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample
from small_classifier import scores

from mmnoisy import InputError
from mmnoisy.apis import verified_scores
from mmnoisy.cleaning.cross_fit import fold_of_images
from mmnoisy.datasets import LabelIndex
from mmnoisy.engine import partial_training
from mmnoisy.engine.sets import as_in_tests
from mmnoisy.engine.trained_model import load_classifier


def expected_scores(small, subset, images=None, score=scores):
    """The pairs of a set, picture by picture and class by class."""
    index = LabelIndex.open(small.root / 'index' / subset)
    pairs = []
    for k in range(len(index)) if images is None else images:
        verdicts = dict(zip(*(values.tolist() for values in index.verdicts.row(k))))
        of_image = score(small.model, small.root / subset / f'{index.image_ids[k]}.jpg')
        for c in range(6):
            if c in verdicts or (verdicts and of_image[c] >= verified_scores.FLOOR):
                pairs.append((c, of_image[c], verdicts.get(c, False), c in verdicts))
    return [np.array(column) for column in zip(*pairs)]


def assert_pairs(found, expected):
    for name, values in zip(('class_id', 'score', 'present', 'rated'), expected):
        np.testing.assert_allclose(found[name], values, atol=1e-4)


def test_pairs_of_one_image():
    sample = DataSample(verified_pos=np.array([3, 0]), verified_neg=np.array([1], np.uint16))
    sample.set_pred_score(torch.tensor([0.5, 0.001, 0.002, 0.003, 0.7, 0.01]))
    pairs = verified_scores.image_pairs(sample)
    assert pairs['class_id'].tolist() == [0, 1, 3, 4, 5]
    assert pairs['present'].tolist() == [True, False, True, False, False]
    assert pairs['rated'].tolist() == [True, True, True, False, False]
    np.testing.assert_allclose(pairs['score'], [0.5, 0.001, 0.003, 0.7, 0.01])
    nobody = DataSample(verified_pos=np.zeros(0, int), verified_neg=np.zeros(0, int))
    assert not len(verified_scores.image_pairs(nobody.set_pred_score(torch.ones(6))))


def test_scores_are_those_of_every_picture_by_itself(small):
    model = load_classifier(small.cfg, small.weights, 'cpu')
    dataset = as_in_tests(small.cfg, 'validation')
    found = verified_scores.verified_scores(model, small.cfg, dataset)
    assert_pairs(found, expected_scores(small, 'validation'))


def test_no_fold_is_scored_by_a_model_that_has_seen_it(small, monkeypatch):
    seen = []

    def train_nothing(cfg):
        noisy, verified = cfg.train_dataloader.dataset.datasets
        assert 'indices' not in noisy
        assert cfg.val_dataloader is None
        seen.append(verified.indices)
        model = load_classifier(small.cfg, small.weights, 'cpu')
        return SimpleNamespace(model=model, train=lambda: None, register_hook=lambda _: None)

    monkeypatch.setattr(partial_training, 'build_runner', train_nothing)
    monkeypatch.setattr(partial_training, 'forget', lambda runner: None)
    found = verified_scores.cross_fitted_scores(small.cfg, 3)
    size = len(LabelIndex.open(small.root / 'index/validation'))
    held_out = [sorted({*range(size)} - {*images}) for images in seen]
    assert sorted(chain(*held_out)) == [*range(size)]
    assert_pairs(found, expected_scores(small, 'validation', [*chain(*held_out)]))


def test_folds_are_trained(small):
    cfg = small.cfg.copy()
    cfg.train_cfg = dict(by_epoch=False, max_iters=2)
    cfg.param_scheduler = None
    cfg.log_processor = dict(by_epoch=False)
    cfg.load_from = small.weights
    found = verified_scores.cross_fitted_scores(cfg, 2)
    size = len(LabelIndex.open(small.root / 'index/validation'))
    order = np.argsort(fold_of_images(size, 2), kind='stable')
    expected = expected_scores(small, 'validation', order)
    np.testing.assert_array_equal(found['class_id'], expected[0])
    moved = np.abs(found['score'] - expected[1])
    assert 1e-5 < moved.max() < 0.5


def test_refusals(small):
    model = load_classifier(small.cfg, small.weights, 'cpu')
    model._dataset_meta = dict(classes=small.meta['classes'][::-1])
    with pytest.raises(InputError, match=r'x.pth: .* same classes in another order'):
        verified_scores.verified_scores(model, small.cfg, small.cfg.test_set, 'x.pth')
    model._dataset_meta = {}
    with pytest.raises(InputError, match='index/train: has no verdict'):
        verified_scores.verified_scores(model, small.cfg, as_in_tests(small.cfg, 'train'))
