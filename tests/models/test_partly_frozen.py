import pytest
import torch
from mmpretrain.registry import MODELS
from test_classifier import batch, build, gradient
from torch import nn


@MODELS.register_module(name='TensorBackbone')
class OneTensor(nn.Module):
    """A backbone that returns no tuple."""

    def forward(self, x):
        return x.mean((2, 3)).repeat(1, 2)[:, :4]


def test_a_frozen_backbone_stays_as_it_was():
    model = build(freeze_backbone=True)
    before = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    model.train()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 1.0)
    inputs, samples = batch()
    for _ in range(2):
        sum(model.loss(inputs, samples).values()).backward()
        optimizer.step()
    assert all(torch.equal(before[k], v) for k, v in model.backbone.state_dict().items())
    assert not any(module.training for module in model.backbone.modules())
    assert model.head.training
    assert gradient(model.head) > 0
    assert not model.extract_feat(inputs)[-1].requires_grad


def test_features_in_bfloat16_are_close_and_come_as_float32(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, 'get_cpu_capability', lambda: 'AVX512')
    exact, half = build(freeze_backbone=True), build(freeze_backbone=True, feature_dtype='bfloat16')
    inputs, _ = batch()
    feats = half.eval().extract_feat(inputs)[-1]
    assert feats.dtype == torch.float32
    torch.testing.assert_close(feats, exact.eval().extract_feat(inputs)[-1], atol=0.02, rtol=0.02)
    assert not torch.equal(feats, exact.extract_feat(inputs)[-1])


def test_a_cpu_without_bfloat16_stays_with_float32(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, 'get_cpu_capability', lambda: 'AVX2')
    exact, half = build(freeze_backbone=True), build(freeze_backbone=True, feature_dtype='bfloat16')
    inputs, _ = batch()
    assert torch.equal(half.eval().extract_feat(inputs)[-1], exact.eval().extract_feat(inputs)[-1])


def test_stages_of_features():
    for frozen in (False, True):
        model = build(freeze_backbone=frozen, neck=dict(type='GlobalAveragePooling', dim=1))
        model.neck = nn.Identity()
        inputs, _ = batch()
        assert len(model.extract_feat(inputs, 'backbone')) == 2
        assert len(model.extract_feat(inputs, 'neck')) == 2
        assert model.extract_feat(inputs, 'pre_logits').shape == (4, 4)


@pytest.mark.parametrize('frozen', [True, False])
def test_a_backbone_that_returns_a_tensor(frozen):
    model = build(freeze_backbone=frozen)
    model.backbone = OneTensor()
    inputs, samples = batch()
    feats = model.extract_feat(inputs)
    torch.testing.assert_close(feats[-1], model.backbone(inputs))
    assert model.loss(inputs, samples)['loss_classify'].isfinite()
