"""Options of PyTorch and MMEngine for faster steps: the same training."""

import pytest
import torch
from made_index import CONFIG
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from test_progress_hook import config

from mmnoisy.engine.runner import build_runner


def assert_close(found, expected, atol):
    assert [*found] == [*expected]
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=0, atol=atol)


def weights_of(optimizer):
    """Weights of a small joint model after four steps."""
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    cfg = Config.fromstring(CONFIG.format(classes=12, dim=8, root=''), '.py')
    model = MODELS.build(cfg.model)
    model.init_weights()
    settings = dict(constructor='TrainableParametersConstructor', optimizer=optimizer)
    wrapper = build_optim_wrapper(model, settings)
    fields = dict(noisy_label=[1, 2], verified_pos=[1], verified_neg=[2])
    samples = [DataSample(**fields), DataSample(noisy_label=[3, 4])]
    for _ in range(4):
        model.train_step(dict(inputs=torch.randn(2, 8), data_samples=samples), wrapper)
    return model.state_dict()


@pytest.mark.parametrize(
    ('optimizer', 'options'),
    [
        (dict(type='Adam', lr=0.01), dict(fused=True)),
        (dict(type='Adam', lr=0.01), dict(foreach=True)),
        (dict(type='AdamW', lr=0.01), dict(fused=True)),
        (dict(type='RMSprop', lr=0.01, momentum=0.9, eps=1.0), dict(foreach=True)),
    ],
)
def test_optimizers_in_one_kernel(optimizer, options):
    assert_close(weights_of({**optimizer, **options}), weights_of(optimizer), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    'settings', [dict(backend='aot_eager'), True], ids=['aot_eager', 'inductor']
)
def test_compiled_steps(tmp_path, settings):
    trained, graphs = {}, {}
    for name, compiled in dict(plain=False, compiled=settings).items():
        cfg = config(tmp_path / name, f'{name} {settings}')
        cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.01)
        cfg.compile = compiled
        torch._dynamo.utils.counters.clear()
        runner = build_runner(cfg)
        runner.train()
        trained[name] = runner.model.state_dict()
        graphs[name] = torch._dynamo.utils.counters['stats']['unique_graphs']
    assert graphs['compiled'] > graphs['plain'] == 0
    assert_close(trained['compiled'], trained['plain'], atol=1e-5)
