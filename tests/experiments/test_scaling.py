import copy

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmnoisy.experiments.scaling import Scaling

from mmnoisy.experiments.systems import SYSTEMS, build_model

FEATURES = np.random.default_rng(0).exponential(3, size=(50, 2, 7)).astype(np.float16)


@pytest.fixture(params=['joint', 'misra'])
def model(request):
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = build_model(SYSTEMS[request.param], num_classes=5, dim=7).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def test_scaled_features_have_mean_zero_and_mean_square_one():
    scaled = Scaling.of(FEATURES)(torch.from_numpy(FEATURES[:, 0])).numpy()
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-5)
    assert np.square(scaled).mean() == pytest.approx(1, abs=1e-5)
    ratio = scaled.std(0) / FEATURES[:, 0].astype(float).std(0)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)  # one scale for all dimensions


def test_constant_features_are_not_divided_by_zero():
    scaled = Scaling.of(np.full((4, 1, 3), 2.5, np.float16))(torch.full((2, 3), 2.5))
    assert torch.equal(scaled, torch.zeros(2, 3))


def outputs(model, x):
    noisy = (torch.arange(5 * len(x)).view(-1, 5) % 3 == 0).float()
    heads = [model.head((x,))]
    if model.cleaning_head is not None:
        heads.append(model.cleaning_head.unclipped((x,), noisy))
    return heads


def test_a_folded_model_does_on_raw_features_what_it_did_on_scaled_ones(model):
    scaling, raw = Scaling.of(FEATURES), torch.from_numpy(FEATURES[:, 1]).float()
    wanted = outputs(model, scaling(raw))
    before = copy.deepcopy(model.state_dict())
    scaling.fold(model)
    for found, expected in zip(outputs(model, raw), wanted):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    scaling.unfold(model)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=1e-5, atol=1e-5)
