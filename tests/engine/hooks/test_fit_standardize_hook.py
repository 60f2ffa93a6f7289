import numpy as np
import pytest
import torch
from made_index import CONFIG, make_data_set
from mmengine.config import Config

from mmnoisy.datasets import FeatureBank
from mmnoisy.engine.runner import build_runner
from mmnoisy.engine.sets import parts_of, resolve

NECK = """
model['neck'] = [dict(type='Standardize', in_channels=8)]
custom_hooks = [dict(type='FitStandardizeHook', num_images=NUMBER)]
train_cfg = dict(type='ResumableTrainLoop', max_iters=1)
"""


def trained(root, number, name, some=None, **settings):
    text = CONFIG.format(classes=12, dim=8, root=root) + NECK.replace('NUMBER', str(number))
    cfg = resolve(Config.fromstring(text, '.py'))
    cfg.work_dir, cfg.launcher, cfg.experiment_name = str(root / name), 'none', name
    cfg.update(settings)
    parts_of(cfg)[0].indices = some
    runner = build_runner(cfg)
    runner.train()
    return runner.model.neck[0]


@pytest.mark.parametrize('number', [1000, 7])
def test_moments_are_those_of_t(tmp_path, number):
    make_data_set(tmp_path)
    layer = trained(tmp_path, number, f'fit_{number}')
    features = FeatureBank.open(tmp_path / 'features/train').features[:, 0].astype(np.float64)
    rows = np.unique(np.linspace(0, 299, number).astype(int))
    mean = features[rows].mean(0)
    assert layer.fitted
    np.testing.assert_allclose(layer.mean, mean, atol=1e-6)
    expected = np.sqrt(np.square(features[rows] - mean).mean())
    np.testing.assert_allclose(layer.scale, expected, rtol=1e-6)


@pytest.mark.parametrize('some', [40, [3, 200, 17, 18]])
def test_images_that_are_not_trained_on_have_no_part(tmp_path, some):
    make_data_set(tmp_path)
    layer = trained(tmp_path, 1000, 'fit', some)
    features = FeatureBank.open(tmp_path / 'features/train').features[:, 0].astype(np.float64)
    mean = features[:some].mean(0) if isinstance(some, int) else features[some].mean(0)
    np.testing.assert_allclose(layer.mean, mean, atol=1e-6)


def test_what_a_checkpoint_brings_stays(tmp_path):
    make_data_set(tmp_path)
    trained(tmp_path, 7, 'first')
    weights = tmp_path / 'first/epoch_1.pth'
    state = torch.load(weights, weights_only=False)
    state['state_dict']['neck.0.mean'] += 1
    torch.save(state, weights)
    layer = trained(tmp_path, 7, 'second', load_from=str(weights))
    assert torch.equal(layer.mean, state['state_dict']['neck.0.mean'])
