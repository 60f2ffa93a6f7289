import copy
from itertools import islice

import numpy as np
import pytest
import torch
from made_index import make_data_set
from mmengine.registry import init_default_scope
from mmnoisy.experiments.banks import Banks
from mmnoisy.experiments.recipes import Recipe
from mmnoisy.experiments.training import endless, train
from torch.nn import functional as F

from mmnoisy import InputError
from mmnoisy.experiments.systems import RATIO, SYSTEMS, build_model

RECIPE = Recipe(steps=6, lr=0.01, bias_lr=0.02, cleaning_lr=0.03, batch_size=20)


@pytest.fixture(scope='module')
def banks(tmp_path_factory):
    init_default_scope('mmpretrain')
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return Banks(root / 'index', root / 'features')


def model_of(name):
    torch.manual_seed(0)
    return build_model(SYSTEMS[name], num_classes=12, dim=8)


def trained(banks, name, recipe=RECIPE, seed=3):
    model = model_of(name)
    data = banks.mix(('T',) if name == 'baseline' else ('T', 'V'), np.arange(60))
    train(model, data, banks.scaling, recipe, seed, None if name == 'baseline' else RATIO)
    return model


def by_hand(banks, recipe=RECIPE, seed=3):
    """The baseline in NumPy's order of things: gradient, Adam, a rate that falls."""
    model, data = model_of('baseline'), banks.source('T')
    weight, bias = (p.detach().clone() for p in model.head.fc.parameters())
    moments = [torch.zeros(2, *p.shape) for p in (weight, bias)]
    order = list(islice(endless(data, None, seed), recipe.steps * recipe.batch_size))
    for step in range(recipe.steps):
        rows = order[step * recipe.batch_size :][: recipe.batch_size]
        raw = np.stack([data.banks[0].features[row, 0] for row in rows]).astype(np.float32)
        x = (torch.from_numpy(raw) - banks.scaling.mean) / banks.scaling.scale
        y = torch.zeros(len(rows), 12)
        for image, row in enumerate(rows):
            y[image, data.index.noisy.row(row)[0].astype(np.int64)] = 1
        error = (torch.sigmoid(F.linear(x, weight, bias)) - y) / len(rows)
        decay = 1 - step / recipe.steps
        gradients = (error.T @ x, error.sum(0))
        for value, gradient, moment, lr in zip(
            (weight, bias), gradients, moments, (recipe.lr, recipe.bias_lr)
        ):
            moment[0] += 0.1 * (gradient - moment[0])
            moment[1] += 0.001 * (gradient**2 - moment[1])
            mean = moment[0] / (1 - 0.9 ** (step + 1))
            square = moment[1] / (1 - 0.999 ** (step + 1))
            value -= lr * decay * mean / (square.sqrt() + 1e-8)
    return weight, bias


def test_the_baseline_equals_adam_worked_by_hand(banks):
    weight, bias = by_hand(banks)
    found = trained(banks, 'baseline').head.fc
    torch.testing.assert_close(found.weight.detach(), weight, rtol=1e-3, atol=2e-5)
    torch.testing.assert_close(found.bias.detach(), bias, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize(
    ('rate', 'moved'),
    [('lr', 'head.fc.weight'), ('bias_lr', 'head.fc.bias'), ('cleaning_lr', 'cleaning_head.')],
)
def test_each_rate_moves_its_own_weights(banks, rate, moved):
    rates = dict(lr=1e-30, bias_lr=1e-30, cleaning_lr=1e-30)
    model = trained(banks, 'joint', Recipe(2, **{**rates, rate: 0.1}, batch_size=20))
    before = model_of('joint').state_dict()
    changed = {k for k, v in model.state_dict().items() if (v - before[k]).abs().max() > 1e-9}
    assert changed and all(name.startswith(moved) for name in changed)


def test_batches_hold_t_and_v_nine_to_one(banks):
    data = banks.mix(('T', 'V'), np.arange(60))
    order = np.array(list(islice(endless(data, RATIO, 0), 400))).reshape(-1, 20)
    assert ((order >= 300).sum(1) == 2).all()


def test_the_seed_decides(banks):
    first, again = trained(banks, 'joint'), trained(banks, 'joint')
    other = trained(banks, 'joint', seed=4)
    assert torch.equal(first.head.fc.weight, again.head.fc.weight)
    assert not torch.equal(first.head.fc.weight, other.head.fc.weight)


def test_a_loss_that_is_not_finite_ends_in_one_sentence(banks):
    scaling = copy.copy(banks.scaling)._replace(scale=float('nan'))
    with pytest.raises(InputError, match=r'the loss is nan with a learning rate of 0.01'):
        train(model_of('baseline'), banks.source('T'), scaling, RECIPE, 0)
