import sys

import pytest
import torch
from mmpretrain.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from mmnoisy import InputError

PAPER = dict(type='RMSpropTF', lr=0.045, alpha=0.9, momentum=0.9, eps=1.0)


def test_three_steps_by_hand():
    weight = nn.Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64))
    optimizer = OPTIMIZERS.build(dict(PAPER, params=[weight]))
    w, s, m = [2.0, -1.0], [1.0, 1.0], [0.0, 0.0]
    for _ in range(3):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
        for k in range(2):
            g = 2 * w[k]
            s[k] = 0.9 * s[k] + 0.1 * g * g
            m[k] = 0.9 * m[k] + 0.045 * g / (s[k] + 1.0) ** 0.5
            w[k] -= m[k]
    assert weight.tolist() == pytest.approx(w, rel=1e-12)


def test_it_goes_on_where_a_checkpoint_was_written():
    torch.manual_seed(0)
    inputs = torch.rand(20, 4)

    def run(layer, wrapper, begin, end):
        for k in range(begin, end):
            wrapper.update_params(layer(inputs[k : k + 1]).square().sum())

    def fresh():
        torch.manual_seed(1)
        layer = nn.Linear(4, 2)
        optimizer = OPTIMIZERS.build(dict(PAPER, params=layer.parameters()))
        return layer, OPTIM_WRAPPERS.build(dict(type='OptimWrapper', optimizer=optimizer))

    whole, resumed = fresh(), fresh()
    run(*whole, 0, 10)
    run(*resumed, 0, 4)
    saved = resumed[0].state_dict(), resumed[1].state_dict()
    resumed = fresh()
    for part, state in zip(resumed, saved):
        part.load_state_dict(state)
    run(*resumed, 4, 10)
    assert torch.equal(whole[0].weight, resumed[0].weight)


def test_without_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm.optim', None)
    with pytest.raises(InputError, match='needs timm; pip install timm'):
        OPTIMIZERS.build(dict(PAPER, params=[nn.Parameter(torch.ones(1))]))
