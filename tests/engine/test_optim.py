from mmengine.optim import build_optim_wrapper
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
