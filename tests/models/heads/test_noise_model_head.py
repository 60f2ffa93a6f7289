import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from scipy.special import expit

from mmnoisy import InputError
from mmnoisy.models.heads.mixture import mixture_logit


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(type='mmpretrain.NoiseModelHead', num_classes=4, in_channels=3, **kwargs)
    head = MODELS.build(config)
    head.init_weights()
    return head


def test_against_the_probabilities():
    s, a1, a0 = np.random.default_rng(0).normal(0, 3, (3, 1000))
    h = expit(a1) * expit(s) + expit(a0) * (1 - expit(s))
    logit = mixture_logit(*(torch.from_numpy(x) for x in (s, a1, a0)))
    np.testing.assert_allclose(logit, np.log(h) - np.log1p(-h), rtol=1e-9, atol=1e-9)


def test_stable_where_probabilities_are_not():
    extreme = torch.tensor([-200.0, 200.0], requires_grad=True)
    logit = mixture_logit(extreme, torch.tensor(300.0), torch.tensor(-300.0))
    torch.testing.assert_close(logit, extreme)
    logit.sum().backward()
    assert torch.isfinite(extreme.grad).all()


def test_loss_is_the_papers():
    """-y log h - (1 - y) log(1 - h), through the head's own binary cross-entropy."""
    head, feats = build(), (torch.randn(5, 3),)
    y = (torch.rand(5, 4) < 0.5).float()
    v, r1, r0 = (torch.sigmoid(f(feats[0])) for f in (head.fc, head.if_present, head.if_absent))
    h = r1 * v + r0 * (1 - v)
    expected = -(y * h.log() + (1 - y) * (1 - h).log()).sum() / 5
    loss = head.loss_module(head(feats), y, avg_factor=5)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    for layer in (head.fc, head.if_present, head.if_absent):
        assert layer.weight.grad.abs().sum() > 0


def test_it_begins_near_the_identity():
    head = build(reporting=0.964)
    feats = (torch.zeros(1, 3),)
    head.fc.bias.data[:] = torch.tensor([-9.0, 0, 3, 9])
    v = torch.sigmoid(head.fc.bias.data)
    expected = 0.964 * v + 0.036 * (1 - v)
    torch.testing.assert_close(torch.sigmoid(head(feats))[0], expected, atol=1e-6, rtol=0)


def test_visual_and_relevance_scores():
    feats = (torch.randn(2, 3),)
    for score, logits in (('visual', lambda h: h.fc(feats[0])), ('relevance', lambda h: h(feats))):
        head = build(score=score)
        samples = head.predict(feats, [DataSample(), DataSample()])
        predicted = torch.stack([sample.pred_score for sample in samples])
        torch.testing.assert_close(predicted, torch.sigmoid(logits(head)))


def test_weights_of_a_plain_head_load_into_it():
    plain = MODELS.build(
        dict(type='mmpretrain.MultiLabelLinearClsHead', num_classes=4, in_channels=3)
    )
    head = build()
    missing, unexpected = head.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected
    assert all(key.startswith('if_') for key in missing)
    assert torch.equal(head.fc.weight, plain.fc.weight)


def test_unknown_score():
    with pytest.raises(InputError, match=r"model\.head\.score='h': give one of"):
        build(score='h')


def test_pretrained_weights_of_all_layers_stay(tmp_path):
    trained = build()
    for parameter in trained.parameters():
        torch.nn.init.normal_(parameter)
    torch.save(trained.state_dict(), tmp_path / 'head.pth')
    head = build(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'head.pth')))
    for name, value in head.state_dict().items():
        assert torch.equal(value, trained.state_dict()[name])
