import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import MODELS
from torch import nn

import mmnoisy  # noqa: F401


def test_frozen_modules_are_left_out_silently(caplog):
    model = nn.ModuleDict(
        dict(backbone=nn.Linear(2, 2), head=nn.Linear(2, 3), cleaning_head=nn.Linear(2, 3))
    )
    model['backbone'].requires_grad_(False)
    config = dict(
        type='OptimWrapper',
        constructor='mmpretrain.TrainableParametersConstructor',
        optimizer=dict(type='SGD', lr=0.001),
        paramwise_cfg=dict(custom_keys={'cleaning_head': dict(lr_mult=15)}),
    )
    wrapper = build_optim_wrapper(model, config)
    rates = {
        id(p): group['lr'] for group in wrapper.optimizer.param_groups for p in group['params']
    }
    assert rates == {
        id(parameter): 0.015 if name.startswith('cleaning_head') else 0.001
        for name, parameter in model.named_parameters()
        if not name.startswith('backbone')
    }
    assert 'requires_grad' not in caplog.text


HEADS = {
    'LabelCleaningHead': set(),
    'LogitCleaningHead': {'visual_embedding.weight', 'visual_embedding.bias'},
}


def built(head, optimizer, **paramwise):
    sizes = dict(num_classes=5, in_channels=7)
    model = MODELS.build(
        dict(
            type='mmpretrain.DualHeadClassifier',
            data_preprocessor=dict(type='mmpretrain.ClsDataPreprocessor', num_classes=5),
            backbone=dict(type='mmpretrain.PrecomputedFeatures', channels=7),
            head=dict(type='mmpretrain.MultiLabelLinearClsHead', **sizes),
            cleaning_head=dict(type=f'mmpretrain.{head}', embed_dims=4, **sizes),
        )
    )
    wrapper = dict(
        type='OptimWrapper',
        constructor='mmpretrain.TrainableParametersConstructor',
        optimizer=optimizer,
        paramwise_cfg=dict(bias_lr_mult=3, **paramwise),
    )
    return model, build_optim_wrapper(model, ConfigDict(wrapper))


def rates(model, wrapper):
    groups = wrapper.optimizer.param_groups
    of = {id(p): (group['lr'], group['weight_decay']) for group in groups for p in group['params']}
    return {name: of[id(parameter)] for name, parameter in model.named_parameters()}


@pytest.mark.parametrize('head', HEADS)
def test_weights_biases_and_the_cleaning_head_have_their_rates(head):
    optimizer = dict(type='Adam', lr=0.01, weight_decay=0.1)
    keys = {'cleaning_head': dict(lr_mult=0.5, decay_mult=0)}
    model, wrapper = built(head, optimizer, custom_keys=keys)
    expected = {}
    for name, parameter in model.named_parameters():
        layer = name.replace('cleaning_head.', '')
        if layer == name or layer in HEADS[head]:  # learns as the classifier does
            expected[name] = (0.01 if parameter.ndim > 1 else 0.03, 0.1)
        else:
            expected[name] = (0.005, 0)
    found = rates(model, wrapper)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert value == pytest.approx(expected[name]), name


def test_a_key_that_names_a_layer_counts():
    keys = {'cleaning_head.visual_embedding': dict(lr_mult=2)}
    model, wrapper = built('LogitCleaningHead', dict(type='SGD', lr=0.01), custom_keys=keys)
    found = rates(model, wrapper)
    for part in ('weight', 'bias'):
        assert found[f'cleaning_head.visual_embedding.{part}'][0] == pytest.approx(0.02)


@pytest.mark.parametrize('kind', ['Adam', 'AdamW'])
def test_fused_steps_equal_others(kind):
    weights = []
    for settings in (dict(), dict(fused=False)):
        torch.manual_seed(0)
        model, wrapper = built('LabelCleaningHead', dict(type=kind, lr=0.01, **settings))
        assert all(type(group) is dict for group in wrapper.optimizer.param_groups)
        assert settings or wrapper.optimizer.defaults['fused'] or torch.__version__ < '2.4'
        for parameter in model.parameters():
            nn.init.normal_(parameter)
        for _ in range(4):
            wrapper.update_params(sum((p**2).sum() for p in model.parameters()))
        weights.append(copy.deepcopy(model.state_dict()))
    for name, value in weights[0].items():
        torch.testing.assert_close(value, weights[1][name], rtol=1e-5, atol=1e-6)
