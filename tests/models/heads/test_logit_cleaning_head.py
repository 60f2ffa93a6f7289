import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mmnoisy.models import Cleaned

C, D = 5, 3


def build(**kwargs):
    torch.manual_seed(0)
    sizes = dict(num_classes=C, in_channels=D, embed_dims=4)
    head = MODELS.build(dict(type='mmpretrain.LogitCleaningHead', **{**sizes, **kwargs}))
    head.init_weights()
    return head


def batch(num_images=7):
    return (torch.randn(num_images, D),), (torch.rand(num_images, C) < 0.4).float()


def build_model():
    torch.manual_seed(1)
    sizes = dict(num_classes=C, in_channels=D)
    model = MODELS.build(
        dict(
            type='mmpretrain.DualHeadClassifier',
            backbone=dict(type='PrecomputedFeatures', channels=D),
            head=dict(type='MultiLabelLinearClsHead', **sizes),
            cleaning_head=dict(type='LogitCleaningHead', **sizes),
        )
    )
    model.init_weights()
    return model


def test_it_begins_as_the_classifier_on_the_labels_that_are_given():
    feats, y = batch()
    model = build_model().eval()
    weights = {k: torch.randn(v.shape) for k, v in model.head.state_dict(prefix='head.').items()}
    model.load_state_dict(weights, strict=False)
    logits = model.head(feats)
    torch.testing.assert_close(model.cleaning_head(feats, y).labels, y * logits.sigmoid())


def test_its_own_weights_come_before_those_of_the_classifier():
    model = build_model()
    weights = {k: torch.randn(v.shape) for k, v in model.state_dict().items()}
    model.load_state_dict(weights)
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[name])


def test_the_formula_by_hand():
    """Two classes, one feature: c = y * sigmoid(w f + u relu(e y + a) + b)."""
    head = build(num_classes=2, in_channels=1, embed_dims=1).eval()
    for weight, value in {
        'visual_embedding.weight': [[1.0], [2.0]],
        'visual_embedding.bias': [0.5, 0.0],
        'label_embedding.weight': [[1.0, -3.0]],
        'label_embedding.bias': [0.5],
        'output.weight': [[2.0], [-1.0]],
        'output.bias': [0.0, 0.25],
    }.items():
        head.get_parameter(weight).data = torch.tensor(value)
    feats = (torch.tensor([[1.0], [1.0]]),)
    # y = (1, 0): context 1.5, logits 1 + 0.5 + 3 and 2 - 1.5 + 0.25; the second is not given
    # y = (1, 1): context relu(-1.5) = 0, logits 1.5 and 2.25
    logits = torch.tensor([[4.5, 0.75], [1.5, 2.25]])
    noisy = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    torch.testing.assert_close(head.logits(feats, noisy), logits)
    cleaned = head(feats, noisy)
    torch.testing.assert_close(cleaned.labels, noisy * logits.sigmoid())
    assert torch.equal(head.unclipped(cleaned), cleaned.labels)


def test_the_loss_by_hand():
    head = build(loss_weight=2.0)
    labels = torch.tensor([[0.8, 0.3, 0.0, 0.5, 0.9]])
    verified = torch.tensor([[1.0, 0.0, 1.0, 1.0, 0.0]])
    observed = torch.tensor([[True, True, True, False, False]])
    # -log 0.8 - log 0.7; the third label was not given, the others not rated
    expected = 2 * -(torch.tensor(0.8).log() + torch.tensor(0.7).log())
    loss = head.loss(Cleaned(labels, labels.logit()), verified, observed)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize('logit', [-60.0, 60.0])
def test_labels_that_are_sure_have_finite_losses_and_gradients(logit):
    head, (feats, y) = build(), batch()
    nn.init.constant_(head.visual_embedding.bias, logit)
    loss = head.loss(head(feats, y), (logit < 0) * y, y > 0)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())


def test_it_learns_what_the_other_labels_tell():
    """Class 1 is a false alarm whenever class 0 is given, whatever the picture."""
    head = build(dropout=0.1)
    optimizer = torch.optim.Adam(head.parameters(), 0.02)
    for _ in range(300):
        feats, y = batch(64)
        v = y.clone()
        v[y[:, 0] == 1, 1] = 0
        loss = head.loss(head(feats, y), v, y > 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    feats, _ = batch(2)
    cleaned = head.eval()(feats, torch.tensor([[1.0, 1, 0, 0, 1], [0, 1, 0, 0, 1]])).labels.round()
    assert cleaned.tolist() == [[1, 0, 0, 0, 1], [0, 1, 0, 0, 1]]


def test_confidences_are_a_hint_and_no_factor():
    head = build().eval()
    for parameter in head.parameters():
        nn.init.normal_(parameter)
    feats, y = batch()
    sure = y * torch.rand(y.shape)
    cleaned = head(feats, sure).labels
    torch.testing.assert_close(cleaned, (sure > 0) * head.logits(feats, sure).sigmoid())
    assert (cleaned > sure).any()
    assert not torch.allclose(cleaned, head(feats, y).labels)


@pytest.mark.parametrize(('logit', 'verdict', 'slope'), [(-20.0, 1.0, -1.0), (20.0, 0.0, 1.0)])
def test_a_label_of_which_it_is_wrongly_sure_teaches_most(logit, verdict, slope):
    """As binary cross-entropy on the logit does, however sure it is."""
    head, y = build(num_classes=1, in_channels=1), torch.ones(1, 1)
    head.visual_embedding.bias.data.fill_(logit)
    observed = torch.ones(1, 1, dtype=torch.bool)
    head.loss(head(torch.zeros(1, 1), y), torch.full((1, 1), verdict), observed).backward()
    assert head.visual_embedding.bias.grad.item() == pytest.approx(slope)


def test_weights_that_are_no_numbers_are_not_hidden():
    head, (feats, y) = build(), batch()
    head.visual_embedding.bias.data.fill_(torch.nan)
    assert head.loss(head(feats, y), y, y > 0).isnan()
