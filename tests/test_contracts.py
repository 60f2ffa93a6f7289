"""What every registered head, loss and classifier of ours keeps to, in every combination.

The classes are found in the registry. One with arguments that have no default needs values for
them in ``SETTINGS``.
"""

import copy
import inspect
import itertools
import pickle

import numpy as np
import pytest
import torch
from conftest import write_csv
from mmengine.logging import MMLogger
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.utils._python_dispatch import TorchDispatchMode

from mmnoisy import InputError
from mmnoisy.models import CleaningHead, DualHeadClassifier, RobustLoss

A, C, D, N = 7, 5, 3, 12  # classes of noisy labels where these are others, classes, width, images
SIZES = dict(num_classes=C, in_channels=D)
SETTINGS = {
    'ClassMapHead': dict(noisy_classes=A, class_map='pairs.csv'),
    'LogitMappingHead': dict(noisy_classes=A, class_map='pairs.csv'),
    'HierarchicalCleaningHead': dict(num_verified=N),
    'LargeLoss': dict(epoch_images=N, rate=0.05),
    'SPLCLoss': dict(start_images=N),
    'DualHeadClassifier': {},
    'MetaCorrectionClassifier': dict(learn_verified=False),
}
READINGS = [
    {},
    dict(unverified='mask', unannotated='teacher', unannotated_weight=0.5, soft_labels=True),
]
# Losses and heads of MMPretrain beside which ours have to work, too.
HOST_LOSSES = {
    'CrossEntropyLoss': dict(use_sigmoid=True),
    'AsymmetricLoss': {},
    'FocalLoss': {},
}


def of_ours(kind):
    """The names of our registered classes of a kind."""
    return sorted(
        name
        for name, found in MODELS.module_dict.items()
        if inspect.isclass(found)
        and found.__module__.startswith('mmnoisy.')
        and issubclass(found, kind)
    )


def settings_of(name):
    """The settings to build a class with."""
    given = dict(type=f'mmpretrain.{name}', **SETTINGS.get(name, {}))
    parameters = inspect.signature(MODELS.get(name)).parameters.values()
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in (2, 4)]
    sizes = {key: value for key, value in SIZES.items() if key in needed}
    missing = {*needed} - {*given, *sizes, 'backbone', 'head'}
    if missing:
        pytest.fail(f'{name} has arguments without values: give SETTINGS {sorted(missing)}')
    return {**sizes, **given}


@pytest.fixture(autouse=True)
def pairs(tmp_path, monkeypatch):
    """A class map, and no log of every weight."""
    write_csv(tmp_path / 'pairs.csv', [('NoisyId', 'Id'), (0, 1), (6, 1), (2, 4), (3, 0)])
    monkeypatch.chdir(tmp_path)
    MMLogger.get_current_instance().setLevel('ERROR')


def randomised(module):
    """With all weights at random: nothing hides behind layers that begin at zero."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return module


def batch():
    """Images of T and V, these with verdicts on noisy labels and on others."""
    rng = np.random.default_rng(0)
    samples = []
    for k in range(N):
        fields = dict(noisy_label=np.flatnonzero(rng.random(C) < 0.5))
        fields['noisy_score'] = rng.random(len(fields['noisy_label'])).astype(np.float32)
        if k % 2:
            rated = rng.permutation(C)
            fields.update(verified_pos=rated[:2], verified_neg=rated[2:4])
        samples.append(DataSample(**fields))
    return torch.from_numpy(rng.normal(size=(N, D)).astype(np.float32)), samples


def is_refused(classifier, head, cleaning, reading):
    """Which combinations the documentation excludes."""
    has_others = 'noisy_classes' in SETTINGS.get(cleaning, {})
    if has_others and 'unannotated' in reading:
        return True
    return classifier == 'MetaCorrectionClassifier' and (
        cleaning in (None, 'ClassMapHead') or head == 'NoiseModelHead'
    )


class NoWaiting(TorchDispatchMode):
    """Refuses what makes the host wait for a device: numbers and shapes that depend on data."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket._qualified_op_name
        waits = name in ('aten::_local_scalar_dense', 'aten::nonzero', 'aten::masked_select')
        if name.startswith('aten::index') and len(args) > 1 and isinstance(args[1], (list, tuple)):
            waits |= any(i is not None and i.dtype == torch.bool for i in args[1])
        assert not waits, f'{name}: the host waits for the device'
        return func(*args, **(kwargs or {}))


def next_loss(model, inputs, samples, half):
    torch.manual_seed(1)  # of dropout
    with torch.autocast('cpu', torch.bfloat16, enabled=half):
        return torch.stack([*model.loss(inputs, samples).values()])


CLASSIFIERS = of_ours(DualHeadClassifier)
HEADS = ['MultiLabelLinearClsHead', *of_ours(MultiLabelClsHead)]
CLEANING = [None, *of_ours(CleaningHead)]
LOSSES = [*HOST_LOSSES, *of_ours(RobustLoss)]


def test_the_registry_has_what_is_documented():
    assert {'DualHeadClassifier', 'MetaCorrectionClassifier'} <= {*CLASSIFIERS}
    assert {'LabelCleaningHead', 'GatedCorrectionHead', 'ClassMapHead'} <= {*CLEANING}
    assert {'LargeLoss', 'SelectiveLoss', 'SPLCLoss'} <= {*LOSSES}
    assert 'NoiseModelHead' in HEADS


@pytest.mark.parametrize(
    ('classifier', 'head', 'cleaning'), [*itertools.product(CLASSIFIERS, HEADS, CLEANING)]
)
def test_every_combination_trains_and_survives(classifier, head, cleaning):
    for loss, reading, half in itertools.product(LOSSES, READINGS, (False, True)):
        of_loss = HOST_LOSSES.get(loss) if loss in HOST_LOSSES else settings_of(loss)
        config = dict(
            settings_of(classifier),
            backbone=dict(type='mmpretrain.PrecomputedFeatures', channels=D),
            head=dict(
                type=f'mmpretrain.{head}', **SIZES, loss={'type': f'mmpretrain.{loss}', **of_loss}
            ),
            cleaning_head=cleaning and settings_of(cleaning),
            **reading,
        )
        if is_refused(classifier, head, cleaning, reading):
            with pytest.raises(InputError, match=r'^model\.\S+: .*; (give|leave)|one; give'):
                MODELS.build(config)
            continue
        model = randomised(MODELS.build(config)).train()
        inputs, samples = batch()
        optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.01)
        for _ in range(2):
            optimizer.zero_grad()
            losses = next_loss(model, inputs, samples, half)
            assert losses.dtype == torch.float32 and losses.isfinite().all()
            losses.sum().backward()
            optimizer.step()
        for name, parameter in model.named_parameters():
            learns = parameter.grad is not None and parameter.grad.isfinite().all()
            assert bool(learns) == parameter.requires_grad, name
            assert not parameter.requires_grad or parameter.grad.any(), name
        loaded = MODELS.build(config).train()
        loaded.load_state_dict(model.state_dict())
        copies = loaded, copy.deepcopy(model), pickle.loads(pickle.dumps(model))
        expected = next_loss(model, inputs, samples, half)
        for other in copies:
            assert torch.equal(next_loss(other, inputs, samples, half), expected)
        targets = model.targets(samples, inputs.device)
        model.targets = lambda *_: targets  # noqa: B023, made on the host
        with NoWaiting():
            next_loss(model, inputs, samples, half)


@pytest.mark.parametrize('name', [*of_ours(CleaningHead), *of_ours(MultiLabelClsHead)])
def test_heads_take_a_tensor_or_a_tuple(name):
    settings = settings_of(name)
    head = randomised(MODELS.build(settings)).eval()
    feats = torch.randn(N, D)
    noisy = (torch.rand(N, settings.get('noisy_classes', C)) < 0.5).float()
    more = [noisy] if name in CLEANING else []
    single, *others = (head(f, *more) for f in (feats, (feats,), (torch.randn(N, 9), feats)))
    for other in others:
        for one, two in zip(single, other):
            assert torch.equal(one, two)
    if name != 'ClassMapHead':  # which does not look at features
        for wrong in (feats[0], feats[:, :, None, None]):
            with pytest.raises(InputError, match='a head needs one vector for each image'):
                head(wrong, *more)


@pytest.mark.parametrize('name', of_ours(CleaningHead))
def test_cleaning_heads_give_what_they_declare(name):
    settings = settings_of(name)
    head = randomised(MODELS.build(settings)).eval()
    noisy = (torch.rand(N, settings.get('noisy_classes', C)) < 0.5).float()
    with torch.autocast('cpu', torch.bfloat16):
        cleaned = head(torch.randn(N, D), noisy)
    for values in (*cleaned, head.unclipped(cleaned)):
        assert values.shape == (N, C) and values.dtype == torch.float32
    assert 0 <= cleaned.labels.min() <= cleaned.labels.max() <= 1
    torch.testing.assert_close(head.unclipped(cleaned).clamp(0, 1), cleaned.labels)
    assert (head.num_classes, head.noisy_classes) == (C, settings.get('noisy_classes'))
    for layer in head.init_from:
        assert head.get_submodule(layer).weight.shape == (C, D)
    nothing = torch.zeros(N, C, dtype=torch.bool)
    assert head.loss(cleaned, torch.ones(N, C), nothing) == 0
    learned = head.loss(cleaned, 1 - cleaned.labels.round(), ~nothing).item()
    assert learned > 0 if head.loss_weight else learned == 0
    head.loss_weight *= 3
    tripled = head.loss(cleaned, 1 - cleaned.labels.round(), ~nothing).item()
    assert tripled == pytest.approx(3 * learned)


@pytest.mark.parametrize('name', of_ours(RobustLoss))
def test_losses_serve_the_heads_of_mmpretrain(name):
    config = dict(type='mmpretrain.MultiLabelLinearClsHead', loss=settings_of(name), **SIZES)
    head = randomised(MODELS.build(config))
    feats, target = (torch.randn(N, D),), (torch.rand(N, C) < 0.4).float()
    expected = copy.deepcopy(head.loss_module)(head(feats), target)
    losses = head.loss(feats, [DataSample().set_gt_score(row) for row in target])
    torch.testing.assert_close(losses['loss'], expected)
