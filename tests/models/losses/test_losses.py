"""The losses of other papers against cases worked by hand and slow obvious versions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmpretrain.registry import MODELS
from torch.nn.functional import binary_cross_entropy_with_logits

from mmnoisy import InputError
from mmnoisy.models.losses.base import head_loss, require_weights

KINDS = ('LargeLoss', 'SPLCLoss', 'SelectiveLoss')


REQUIRED = dict(LargeLoss=dict(epoch_images=1000), SPLCLoss=dict(start_images=1000))


def build(kind, **settings):
    required = REQUIRED.get(kind, {})
    return MODELS.build(dict(type=f'mmpretrain.{kind}', **{**required, **settings}))


def logit(p):
    return torch.tensor(p, dtype=torch.float64).logit()


def case(seed, shape=(6, 9)):
    """Logits, targets in {0, 1} and verified cells."""
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.normal(0, 2, shape))
    y = torch.from_numpy((rng.random(shape) < 0.3).astype(float))
    return x, y, torch.from_numpy(rng.random(shape) < 0.2)


def at(kind, images, **settings):
    """The loss when it has seen some images."""
    loss = build(kind, **settings)
    loss.load_state_dict(dict(images_seen=torch.tensor(images)))
    return loss


def cells(shape):
    return [(i, k) for i in range(shape[0]) for k in range(shape[1])]


def test_asymmetric_loss_of_mmpretrain_by_hand():
    """Ridnik et al., Eq. 4 to 7: p_m = max(p - m, 0); what compare.py uses."""
    loss = build('AsymmetricLoss', gamma_pos=0.0, gamma_neg=4.0, clip=0.05)
    found = loss(logit([[0.8, 0.25, 0.04]]), torch.tensor([[1.0, 0, 0]]), avg_factor=1)
    expected = -math.log(0.8) - 0.2**4 * math.log(1 - 0.2)
    assert found.item() == pytest.approx(expected, rel=1e-6)


def test_large_loss_by_hand():
    """Share 0.25 of four labels is one: the absent label of probability 0.9."""
    x, y = logit([[0.9, 0.6], [0.3, 0.2]]), torch.tensor([[0.0, 1], [0, 1]], dtype=torch.float64)
    kept = -math.log(0.6) - math.log(0.7) - math.log(0.2)
    settings = dict(rate=0.25, epoch_images=10)
    assert at('LargeLoss', 10, action='reject', **settings)(x, y).item() == pytest.approx(kept / 2)
    corrected = at('LargeLoss', 10, action='correct', **settings)(x, y)
    assert corrected.item() == pytest.approx((kept - math.log(0.9)) / 2)
    # -log 0.1 of cell (0, 0) is the largest, -log 0.2 of the given label (1, 1) the next.
    both = at('LargeLoss', 10, rejection_mask='all', rate=0.5, epoch_images=10)(x, y)
    assert both.item() == pytest.approx((-math.log(0.6) - math.log(0.7)) / 2)


def test_large_loss_rises_from_epoch_to_epoch():
    loss = build('LargeLoss', rate=0.01, epoch_images=3)
    shares = []
    for _ in range(7):
        shares.append(loss.share)
        loss(torch.zeros(1, 2), torch.zeros(1, 2))
    assert shares == pytest.approx([0, 0, 0, 0.01, 0.01, 0.01, 0.02])
    assert build('LargeLoss', rate=0.01, warmup=False).share == 0.01
    before = loss.share
    for _ in range(9):
        loss.eval()(torch.zeros(1, 2), torch.zeros(1, 2))
    assert loss.share == before


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(['reject', 'correct']), st.booleans())
def test_large_loss_is_that_of_a_loop(seed, action, all_labels):
    x, y, observed = case(seed)
    choices = dict(action=action, rejection_mask='all' if all_labels else 'absent')
    found = at('LargeLoss', 5, rate=0.02, epoch_images=1, **choices)(x, y, observed)
    p = x.sigmoid()
    loss = {(i, k): -math.log(p[i, k] if y[i, k] else 1 - p[i, k]) for i, k in cells(x.shape)}
    suspected = [c for c in loss if not observed[c] and (all_labels or not y[c])]
    number = min(math.ceil(5 * 0.02 * len(loss)), len(suspected))
    for c in sorted(suspected, key=lambda c: -loss[c])[:number]:
        loss[c] = 0 if action == 'reject' else -math.log(1 - p[c] if y[c] else p[c])
    assert found.item() == pytest.approx(sum(loss.values()) / len(x))


def test_splc_by_hand():
    x, y = torch.tensor([[2.0, 3.0, -1.0]]), torch.tensor([[1.0, 0, 0]])
    p = [1 / (1 + math.exp(-v)) for v in (1.0, 3.0, -1.0)]  # the first with its margin
    given_label = -((1 - p[0]) ** 2) * math.log(p[0])
    missing = -((1 - p[1]) ** 2) * math.log(p[1])
    absent = [-(q**2) * math.log(1 - q) for q in p[1:]]
    before, after = build('SPLCLoss', start_images=1), build('SPLCLoss', start_images=0)
    assert before(x, y).item() == pytest.approx(given_label + sum(absent), rel=1e-5)
    assert before(x, y).item() == pytest.approx(given_label + missing + absent[1], rel=1e-5)
    assert after(x, y).item() == pytest.approx(given_label + missing + absent[1], rel=1e-5)
    observed = torch.tensor([[False, True, False]])
    assert after(x, y, observed).item() == pytest.approx(given_label + sum(absent), rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.3, 0.9))
def test_splc_is_that_of_a_loop(seed, tau):
    x, y, observed = case(seed)
    total = 0.0
    for c in cells(x.shape):
        p, margin = x[c].sigmoid().item(), (x[c] - 1).sigmoid().item()
        if y[c]:
            total -= (1 - margin) ** 2 * math.log(margin)
        elif p > tau and not observed[c]:
            total -= (1 - p) ** 2 * math.log(p)
        else:
            total -= p**2 * math.log(1 - p)
    found = build('SPLCLoss', start_images=0, tau=tau)(x, y, observed)
    assert found.item() == pytest.approx(total / len(x))


def test_selective_by_hand():
    """A verified absent label counts, the likelier of two unverified ones is ignored."""
    x = logit([[0.7, 0.6, 0.5, 0.2]])
    y = torch.tensor([[1.0, 0, 0, 0]], dtype=torch.float64)
    observed = torch.tensor([[False, True, False, False]])
    loss = build('SelectiveLoss', gamma_neg=1.0, gamma_unknown=2.0, top_k=1, prior=1.0)
    expected = -math.log(0.7) - 0.6 * math.log(0.4) - 0.2**2 * math.log(0.8)
    assert loss(x, y, observed).item() == pytest.approx(expected)
    # Priors are the means of the probabilities: of class 2, 0.5, it is above 0.4.
    loss = build('SelectiveLoss', gamma_neg=1.0, gamma_unknown=2.0, top_k=0, prior=0.4)
    assert loss(x, y, observed).item() == pytest.approx(expected)


def test_the_prior_is_a_running_mean_of_training():
    loss = build('SelectiveLoss')
    zeros = torch.zeros(1, 2)
    loss(logit([[0.2, 0.4], [0.4, 0.4]]), torch.zeros(2, 2))
    torch.testing.assert_close(loss.class_prior, torch.tensor([0.3, 0.4], dtype=torch.float64))
    loss(logit([[0.5, 0.5]]), zeros)
    expected = torch.tensor([0.99 * 0.3 + 0.01 * 0.5, 0.99 * 0.4 + 0.01 * 0.5])
    torch.testing.assert_close(loss.class_prior, expected.double())
    loss.eval()(logit([[0.9, 0.9]]), zeros)
    torch.testing.assert_close(loss.class_prior, expected.double())


def test_a_resumed_prior_goes_on():
    """Of class 0 it stays below the threshold, above which the first batch alone lies."""
    loss, fresh, resumed = (build('SelectiveLoss', top_k=0, prior=0.31) for _ in range(3))
    loss(logit([[0.3, 0.4]]), torch.zeros(1, 2))
    resumed.load_state_dict(loss.state_dict())
    batch = logit([[0.4, 0.4]]), torch.zeros(1, 2)
    assert resumed(*batch) == loss(*batch) > 0
    assert fresh(*batch) == 0
    resumed(*(part.to('meta') for part in batch))  # of a model on another device


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 4), st.floats(0.3, 1.0))
def test_selective_is_that_of_a_loop(seed, top_k, prior):
    x, y, observed = case(seed)
    p, total = x.sigmoid().numpy(), 0.0
    for i in range(len(x)):
        unobserved = [k for k in range(x.shape[1]) if not observed[i, k] and not y[i, k]]
        likely = sorted(unobserved, key=lambda k: -p[i, k])[:top_k]
        for k in range(x.shape[1]):
            if y[i, k]:
                total -= math.log(p[i, k])
            elif observed[i, k]:
                total -= p[i, k] ** 3 * math.log(1 - p[i, k])
            elif k not in likely and p[:, k].mean() <= prior:
                total -= p[i, k] ** 4 * math.log(1 - p[i, k])
    loss = build('SelectiveLoss', gamma_neg=3.0, gamma_unknown=4.0, top_k=top_k, prior=prior)
    assert loss(x, y, observed).item() == pytest.approx(total / len(x))


@pytest.mark.parametrize('kind', KINDS)
def test_gradients(kind):
    """What is decided is constant; the rest has the gradient of its formula."""
    settings = dict(LargeLoss=dict(rate=0.1, warmup=False), SPLCLoss=dict(start_images=0))
    loss = build(kind, **settings.get(kind, {})).eval()
    x, y, observed = case(3)
    # Far from where a decision changes, or finite differences would step over it.
    assert torch.autograd.gradcheck(lambda x: loss(x, y, observed), x.requires_grad_(), eps=1e-7)


@pytest.mark.parametrize('kind', KINDS)
def test_extreme_logits_stay_finite(kind):
    x = torch.tensor([[200.0, -200.0, 200.0, -200.0]], requires_grad=True)
    loss = build(kind)(x, torch.tensor([[1.0, 1, 0, 0]]), avg_factor=1)
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(x.grad).all()


@pytest.mark.parametrize('kind', KINDS)
def test_weight_and_average(kind):
    x, y, observed = case(5)
    once = build(kind)(x, y, observed)
    torch.testing.assert_close(build(kind, loss_weight=3.0)(x, y, observed), 3 * once)
    torch.testing.assert_close(build(kind)(x, y, observed, avg_factor=2), once * len(x) / 2)


def test_verified_labels_are_not_suspected():
    x, y, _ = case(7)
    observed = torch.ones_like(y, dtype=torch.bool)
    plain = binary_cross_entropy_with_logits(x, y, reduction='sum') / len(x)
    loss = build('LargeLoss', rate=0.5, warmup=False, rejection_mask='all')
    torch.testing.assert_close(loss(x, y, observed), plain)


@pytest.mark.parametrize(
    ('setting', 'complaint'),
    [
        (dict(action='drop'), r"loss\.action='drop': give one of"),
        (dict(rejection_mask='some'), r"loss\.rejection_mask='some': give one of"),
        (dict(rate=1.5), r'loss\.rate=1\.5.*give a share between 0 and 1'),
        (dict(epoch_images=0), r'loss\.epoch_images=0'),
    ],
)
def test_wrong_settings(setting, complaint):
    with pytest.raises(InputError, match=complaint):
        build('LargeLoss', **setting)


def test_a_schedule_goes_by_images_whatever_the_batches():
    """Two batches of 3, or one of 6: the share rises with the seventh image."""
    whole, halves = (build('LargeLoss', rate=0.01, epoch_images=6) for _ in range(2))
    x, y = torch.zeros(6, 2), torch.zeros(6, 2)
    whole(x, y)
    halves(x[:3], y[:3])
    assert halves.share == 0
    halves(x[3:], y[3:])
    assert whole.share == halves.share == 0.01
    assert halves.state_dict()['images_seen'] == 6
    late = build('SPLCLoss', start_images=6)
    late.load_state_dict(halves.state_dict())
    sure, absent = torch.full((1, 2), 9.0), torch.zeros(1, 2)
    assert late(sure, absent) == build('SPLCLoss', start_images=0)(sure, absent)


@pytest.mark.parametrize('kind', KINDS)
def test_weights_are_of_single_labels(kind):
    x, y, observed = case(9)
    weight = torch.rand(x.shape, dtype=torch.float64)
    loss = build(kind).eval()
    expected = (weight * loss.cells(x, y, observed)).sum() / len(x)
    torch.testing.assert_close(loss(x, y, observed, weight), expected)


class Plain(torch.nn.Module):
    """A loss of a user without weights of labels."""

    def forward(self, logits, target, avg_factor=None):
        return (logits - target).square().sum() / avg_factor


@pytest.mark.parametrize(
    'settings',
    [
        dict(type='CrossEntropyLoss', use_sigmoid=True),
        dict(type='AsymmetricLoss'),
        dict(type='FocalLoss'),
    ],
)
def test_losses_of_mmpretrain_take_weights(settings):
    head = torch.nn.Identity()
    head.loss_module = MODELS.build({**settings, 'type': f'mmpretrain.{settings["type"]}'})
    x, y, observed = (value.float() for value in case(4))
    require_weights([head, None], 'weights')
    cells = head.loss_module(x, y, reduction_override='none')
    weight = torch.rand(x.shape)
    torch.testing.assert_close(
        head_loss(head, x, y, observed, weight), (weight * cells).sum() / len(x)
    )
    torch.testing.assert_close(
        head_loss(head, x, y, observed), head_loss(head, x, y, observed, torch.ones(x.shape))
    )


def test_losses_that_cannot_weigh_labels_are_refused():
    head = torch.nn.Identity()
    for loss in (Plain(), MODELS.build(dict(type='mmpretrain.CrossEntropyLoss'))):
        head.loss_module = loss
        with pytest.raises(InputError, match=f'{type(loss).__name__} cannot weigh single labels'):
            require_weights([head], 'model.unannotated_weight=0.5')
    head.loss_module = Plain()
    x, y, observed = case(4)
    assert head_loss(head, x, y, observed) == pytest.approx(
        float((x - y).square().sum() / len(x)), rel=1e-5
    )
