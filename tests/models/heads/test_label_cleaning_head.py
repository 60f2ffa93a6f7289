import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mmnoisy.models import Cleaned
from mmnoisy.models.heads.label_cleaning_head import clip_unit

SIZES = dict(num_classes=5, in_channels=3, embed_dims=4, hidden_dims=6)


def build(**kwargs):
    torch.manual_seed(0)
    head = MODELS.build(dict(type='mmpretrain.LabelCleaningHead', **{**SIZES, **kwargs}))
    head.init_weights()
    return head


def noisy_labels(num_images=7):
    return (torch.rand(num_images, SIZES['num_classes']) < 0.4).float()


def features(num_images=7):
    return (torch.randn(num_images, SIZES['in_channels']),)


def test_clip_and_its_gradient_on_the_boundary():
    x = torch.tensor([-0.5, 0.0, 0.25, 1.0, 1.5], requires_grad=True)
    clipped = clip_unit(x)
    assert clipped.tolist() == [0, 0, 0.25, 1, 1]
    clipped.sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 0]


def test_it_begins_as_the_identity():
    y = noisy_labels()
    assert torch.equal(build()(features(), y).labels, y)


def test_equation_1_by_hand():
    """One class, one feature, all widths one: c = clip(y + w (h (e y) + h' (v f)) + b)."""
    head = build(num_classes=1, in_channels=1, embed_dims=1, hidden_dims=1)
    for weight, value in {
        'label_embedding.weight': [[2.0]],
        'visual_embedding.weight': [[3.0]],
        'visual_embedding.bias': [0.5],
        'hidden.weight': [[0.1, 0.2]],
        'hidden.bias': [-0.4],
        'output.weight': [[-0.5]],
        'output.bias': [0.05],
    }.items():
        head.get_parameter(weight).data = torch.tensor(value)
    # y = 1, f = 1: hidden = 0.1 * 2 + 0.2 * 3.5 - 0.4 = 0.5, residual = -0.2
    # y = 0, f = -1: hidden = 0 + 0.2 * -2.5 - 0.4 = -0.9, residual = 0.5
    # y = 1, f = -1: hidden = 0.2 - 0.5 - 0.4 = -0.7, residual = 0.4, clipped to 1
    feats = (torch.tensor([[1.0], [-1.0], [-1.0]]),)
    cleaned = head(feats, torch.tensor([[1.0], [0.0], [1.0]]))
    torch.testing.assert_close(cleaned.labels, torch.tensor([[0.8], [0.5], [1.0]]))


def test_activation_is_a_choice():
    assert isinstance(build().activation, nn.Identity)
    assert isinstance(build(act_cfg=dict(type='ReLU')).activation, nn.ReLU)


def test_equation_2_by_hand():
    head = build(loss_weight=0.1)
    cleaned = torch.tensor([[0.9, 0.2, 0.0, 1.0, 0.5], [1.0] * 5, [0.3] * 5])
    verified = torch.tensor([[1.0, 0.0, 1.0, 1.0, 0.0], [0.0] * 5, [0.0] * 5])
    observed = torch.tensor([[True, True, True, True, False], [False] * 5, [False] * 5])
    # 0.1 + 0.2 + 1 + 0 over the observed pairs, three images in the batch
    both = Cleaned(cleaned, cleaned)
    assert head.loss(both, verified, observed).item() == pytest.approx(0.1 * 1.3 / 3)
    assert head.loss(both, verified, torch.zeros_like(observed)) == 0


def test_the_cleaning_loss_has_a_gradient_at_initialisation():
    """In spite of labels on the boundary of [0, 1]; only the output layer is zero."""
    head, y = build(), noisy_labels()
    loss = head.loss(head(features(), y), 1 - y, torch.ones_like(y, dtype=torch.bool))
    loss.backward()
    assert head.output.weight.grad.abs().sum() > 0
    assert head.output.bias.grad.abs().sum() > 0


def test_gradients_equal_finite_differences():
    head = build().double()
    nn.init.normal_(head.output.weight, std=0.1)
    y = torch.full((2, 5), 0.5, dtype=torch.double)  # away from the kinks of clip and L1
    f = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
    verified, observed = torch.ones(2, 5), torch.rand(2, 5) < 0.7
    assert torch.autograd.gradcheck(lambda f: head.loss(head((f,), y), verified, observed), (f,))


def test_it_learns_to_clean():
    """Class 1 is a false alarm whenever class 0 is given; class 2 is missing then."""
    head, optimizer = build(act_cfg=dict(type='ReLU')), None
    optimizer = torch.optim.Adam(head.parameters(), 0.01)
    for _ in range(300):
        y, f = noisy_labels(64), features(64)
        v = y.clone()
        v[y[:, 0] == 1, 1:3] = torch.tensor([0.0, 1.0])
        loss = head.loss(head(f, y), v, torch.ones_like(y, dtype=torch.bool))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    cleaned = head(features(1), torch.tensor([[1.0, 1, 0, 0, 1]])).labels.round()
    assert cleaned.tolist() == [[1, 0, 1, 0, 1]]
