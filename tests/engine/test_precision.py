from contextlib import contextmanager

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmnoisy import InputError
from mmnoisy.engine import BFloat16OptimWrapper
from mmnoisy.engine.precision import ChannelsLastHook, use_mixed_precision


class Float16OptimWrapper(OptimWrapper):
    """What ``AmpOptimWrapper`` does on GPUs, but for the scale of the loss."""

    @contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast('cpu', torch.float16):
            yield


@pytest.mark.parametrize(
    ('wrapper', 'dtype'),
    [(BFloat16OptimWrapper, torch.bfloat16), (Float16OptimWrapper, torch.float16)],
)
@pytest.mark.parametrize('size', [1.0, 1e4])
def test_losses_of_6012_classes_are_float32_and_finite(wrapper, dtype, size):
    """Also where the features are far from 0."""
    init_default_scope('mmpretrain')
    heads = dict(num_classes=6012, in_channels=64)
    model = MODELS.build(
        dict(
            type='DualHeadClassifier',
            data_preprocessor=dict(num_classes=6012),
            backbone=dict(type='PrecomputedFeatures', channels=64),
            head=dict(type='MultiLabelLinearClsHead', **heads),
            cleaning_head=dict(type='LabelCleaningHead', **heads),
        )
    )
    model.init_weights()
    wrapper = wrapper(torch.optim.SGD(model.parameters(), lr=1e-6))
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(8):
        noisy = rng.choice(6012, 9, replace=False)
        fields = dict(noisy_label=noisy, verified_pos=noisy[:4], verified_neg=noisy[4:])
        samples.append(DataSample(**fields))
    inputs = torch.from_numpy(rng.normal(size=(8, 64), scale=size).astype(np.float32))
    with torch.no_grad():
        exact = model.loss(inputs, samples)
    seen = []
    model.cleaning_head.register_forward_hook(lambda *call: seen.append(call[2].labels.dtype))
    model.head.fc.register_forward_hook(lambda *call: seen.append(call[2].dtype))
    with wrapper.optim_context(model):
        losses = model.loss(inputs, samples)
    assert seen == [torch.float32, dtype]
    for name, value in losses.items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, exact[name], rtol=0.02, atol=1e-3)
    wrapper.update_params(sum(losses.values()))
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_the_layout_changes_and_the_values_stay():
    class Runner:
        model = torch.nn.Conv2d(3, 8, 3)

    before = Runner.model.weight.detach().clone()
    ChannelsLastHook().before_train(Runner)
    assert Runner.model.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(Runner.model.weight, before)


@pytest.mark.parametrize('gpu', [False, True])
def test_amp_leaves_mixed_precision_as_it_is(gpu, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    kinds = ('BFloat16OptimWrapper', 'mmpretrain.BFloat16OptimWrapper', 'AmpOptimWrapper')
    for kind in kinds:
        cfg = Config(dict(optim_wrapper=dict(type=kind)))
        use_mixed_precision(cfg)
        assert cfg.optim_wrapper == dict(type=kind)
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapperDict')))
    with pytest.raises(InputError, match='OptimWrapperDict does not become one of mixed'):
        use_mixed_precision(cfg)
    cfg = Config(dict(optim_wrapper=dict(optimizer=dict(type='SGD'))))
    if gpu:
        use_mixed_precision(cfg)
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
        assert cfg.optim_wrapper.loss_scale == 'dynamic'
    else:
        with pytest.raises(InputError, match='--amp: float16 needs a GPU'):
            use_mixed_precision(cfg)
