"""Meta Label Correction against a second backward pass through the step of the classifier."""

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn.functional import binary_cross_entropy_with_logits

from mmnoisy import InputError
from mmnoisy.models.meta_correction import meta_gradient

C, D = 4, 3


def summed(logits, target, observed=None):
    loss = binary_cross_entropy_with_logits(logits, target, reduction='none')
    return (loss if observed is None else loss * observed).sum() / len(logits)


def test_meta_gradient_is_that_of_autograd():
    torch.manual_seed(0)
    x, x_v = torch.randn(7, D).double(), torch.randn(5, D).double()
    weight, bias = torch.randn(C, D).double(), torch.randn(C).double()
    c = torch.rand(7, C).double().requires_grad_()
    v, observed = (torch.rand(5, C) < 0.5).double(), torch.rand(5, C) < 0.7
    layer = [weight.requires_grad_(), bias.requires_grad_()]
    steps = torch.autograd.grad(summed(x @ weight.T + bias, c), layer, create_graph=True)
    ahead = [value - 0.3 * step for value, step in zip(layer, steps)]
    observed[:, 0] = True  # in each image of V something is
    (wanted,) = torch.autograd.grad(summed(x_v @ ahead[0].T + ahead[1], v, observed), c)
    both = torch.cat([x, x_v])
    z, target = both @ weight.detach().T + bias.detach(), torch.cat([c.detach(), v])
    of_v = torch.cat([torch.zeros(7, C, dtype=torch.bool), observed])
    mixed = torch.randperm(12)
    found = meta_gradient(both[mixed], z[mixed], target[mixed], of_v[mixed], 0.3)
    torch.testing.assert_close(found[mixed.argsort()][:7], wanted)
    assert not found[mixed.argsort()][7:].any()


def build(**kwargs):
    torch.manual_seed(0)
    sizes = dict(num_classes=C, in_channels=D)
    model = MODELS.build(
        dict(
            type='mmpretrain.MetaCorrectionClassifier',
            backbone=dict(type='PrecomputedFeatures', channels=D),
            **{
                'head': dict(type='MultiLabelLinearClsHead', **sizes),
                'cleaning_head': dict(type='GatedCorrectionHead'),
                **kwargs,
            },
        )
    )
    model.init_weights()
    return model


def batch():
    """Three images of T, two of V."""
    fields = [dict(noisy_label=[0, 1]), dict(noisy_label=[2]), dict(noisy_label=[])]
    fields += [dict(noisy_label=[0, 3], verified_pos=[0], verified_neg=[3])]
    fields += [dict(noisy_label=[1], verified_pos=[1])]
    samples = [DataSample(**{k: np.array(v, int) for k, v in f.items()}) for f in fields]
    torch.manual_seed(1)
    return torch.randn(5, D), samples


Y = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 0], [0] * 4, [1, 0, 0, 1], [0, 1, 0, 0]])
V = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0]])


def test_the_correction_head_begins_with_the_noisy_labels():
    head = build().cleaning_head
    corrected = head((torch.randn(5, D),), Y)
    torch.testing.assert_close(corrected.labels, 0.9 * Y + 0.1 * 0.02 * torch.ones(5, C))


@pytest.mark.parametrize('learn_verified', [True, False])
def test_losses_of_a_mixed_batch(learn_verified):
    model, (inputs, samples) = build(learn_verified=learn_verified), batch()
    losses = model.loss(inputs, samples)
    corrected = model.cleaning_head((inputs,), Y).labels
    logits = model.head((inputs,))
    target = torch.cat([corrected[:3], V]).detach()
    rows = slice(None) if learn_verified else slice(0, 3)
    torch.testing.assert_close(losses['loss_classify'], summed(logits[rows], target[rows]))
    of_v = torch.tensor([False] * 3 + [True] * 2)[:, None].expand(5, C)
    labels = torch.cat([corrected[:3], V]).detach()
    influence = meta_gradient(inputs, logits.detach(), labels, of_v, model.lookahead)
    torch.testing.assert_close(losses['loss_clean'], (corrected * influence).sum())
    losses['loss_clean'].backward(retain_graph=True)
    assert all(p.grad is None for p in model.head.parameters())
    moved = {k: p.grad.clone() for k, p in model.cleaning_head.named_parameters()}
    assert moved['output.weight'].abs().sum() and moved['gate.weight'].abs().sum()
    losses['loss_classify'].backward()
    for key, parameter in model.cleaning_head.named_parameters():
        assert torch.equal(parameter.grad, moved[key])


def test_a_batch_of_v_alone_teaches_the_classifier_alone():
    model, (inputs, samples) = build(learn_verified=False), batch()
    losses = model.loss(inputs[3:], samples[3:])
    torch.testing.assert_close(losses['loss_classify'], summed(model.head((inputs[3:],)), V))
    sum(losses.values()).backward()
    assert all((p.grad == 0).all() for p in model.cleaning_head.parameters())


def test_labels_turned_round_are_turned_back():
    """By hand, with logits of 0: each of two noisy images has features like one of V, K = 2 I."""
    x, v = torch.tensor([[1.0], [-1.0]] * 2), torch.tensor([[1.0], [0.0]])
    observed = torch.tensor([[False], [False], [True], [True]])
    wrong, right = (
        meta_gradient(x, 0 * x, torch.cat([c, v]), observed, 1.0)[:2] for c in (1 - v, v)
    )
    half = torch.tensor(0.5).sigmoid()  # a step moves each logit by 0.5, towards its label
    torch.testing.assert_close(wrong, torch.tensor([[-half / 2], [half / 2]]))
    torch.testing.assert_close(right, torch.tensor([[half - 1], [1 - half]]) / 2)


@pytest.mark.parametrize(
    ('settings', 'complaint'),
    [
        (dict(cleaning_head=None), 'a MetaCorrectionClassifier trains one'),
        (dict(cleaning_head=dict(type='LogitCleaningHead', loss_weight=0.0)), 'trains one'),
        (dict(head=dict(type='NoiseModelHead', num_classes=C, in_channels=D)), 'a linear layer'),
    ],
)
def test_what_it_cannot_steer_is_refused(settings, complaint):
    with pytest.raises(InputError, match=complaint):
        build(**settings)


def test_unannotated_classes_count_as_they_are_set():
    """Weight 0: what nobody gave or rated adds nothing, whatever its logits are."""
    model, (inputs, samples) = build(unverified='mask', unannotated_weight=0.0), batch()
    corrected = model.cleaning_head((inputs,), Y).labels
    counted = Y > 0
    counted[3, 3], target = True, torch.where(Y > 0, corrected, 0).detach()
    target[3], target[4] = V[0], V[1]
    cells = binary_cross_entropy_with_logits(model.head((inputs,)), target, reduction='none')
    expected = cells[counted].sum() / 5
    torch.testing.assert_close(model.loss(inputs, samples)['loss_classify'], expected)
