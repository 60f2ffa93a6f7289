"""What every component of ours that a run is made of promises; all are found by the registries."""

import inspect
from copy import deepcopy

import pytest
import torch
from made_index import CONFIG
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import get_priority
from registered import build, check_settings, every, ours

from mmnoisy.engine.runner import build_runner
from mmnoisy.engine.sets import resolve

# What builds a small one of each, by registry and name.
SETTINGS = {
    'HOOKS': {
        'AverageHeadHook': dict(checkpoints=['{root}/head.pth']),
        'ChannelsLastHook': {},
        'ClassListHook': {},
        'CountVerifiedHook': {},
        'FitStandardizeHook': dict(num_images=20),
        'LazyRuntimeInfoHook': {},
        'ProgressHook': dict(interval=1),
        'WholeCheckpointHook': dict(interval=1),
    },
    'LOOPS': {'ResumableTrainLoop': dict(max_epochs=1)},
    'OPTIMIZERS': {'RMSpropTF': dict(lr=0.01, momentum=0.9)},
    'OPTIM_WRAPPERS': {'BFloat16OptimWrapper': {}},
    'OPTIM_WRAPPER_CONSTRUCTORS': {'TrainableParametersConstructor': {}},
}


@pytest.mark.parametrize('registry', SETTINGS)
def test_every_component_is_looked_at(registry):
    check_settings(registry, SETTINGS, __file__)


def run(root, **settings):
    """One epoch; whether the weights have moved and are finite."""
    text = CONFIG.format(classes=12, dim=8, root=root)
    cfg = resolve(Config.fromstring(text, '.py'))
    cfg.work_dir, cfg.launcher = str(root / f'run{len([*root.iterdir()])}'), 'none'
    cfg.experiment_name = cfg.work_dir.replace('/', '_')
    cfg.merge_from_dict(settings)
    runner = build_runner(cfg)
    before = [parameter.clone() for parameter in runner.model.parameters()]
    runner.train()
    after = [*runner.model.parameters()]
    assert all(torch.isfinite(parameter).all() for parameter in after)
    assert any(not torch.equal(*pair) for pair in zip(before, after))
    return runner


@every('HOOKS', SETTINGS)
def test_hooks_are_called_where_mmengine_calls(made, name):
    """A method that MMEngine does not know would never be called, and nobody would know."""
    kind = ours('HOOKS')[name]
    for method in vars(kind):
        if method.startswith(('before_', 'after_')):
            given = inspect.signature(getattr(Hook, method)).parameters
            inspect.signature(getattr(kind, method)).bind(**dict.fromkeys(given))
    torch.save(
        {'head.fc.weight': torch.ones(12, 8), 'head.fc.bias': torch.ones(12)}, made / 'head.pth'
    )
    settings = {
        key: value.format(root=made) if isinstance(value, str) else value
        for key, value in SETTINGS['HOOKS'][name].items()
    }
    assert 0 <= get_priority(build('HOOKS', name, **settings).priority) <= 100
    hook = dict(type=name, **settings)
    runner = run(made, custom_hooks=[hook])
    assert any(type(found) is kind for found in runner.hooks)


@every('LOOPS', SETTINGS)
def test_loops_train(made, name):
    runner = run(made, train_cfg=dict(_delete_=True, type=name, **SETTINGS['LOOPS'][name]))
    assert runner.iter == runner.max_iters > 0
    assert runner.epoch == runner.max_epochs == 1


@every('OPTIMIZERS', SETTINGS)
def test_optimizers_go_on_from_their_state(name):
    def step(optimizer, weight):
        weight.grad = weight.detach() ** 2
        optimizer.step()

    def optimizer_of(weight):
        return build('OPTIMIZERS', name, params=[weight], **SETTINGS['OPTIMIZERS'][name])

    first = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    begun = optimizer_of(first)
    step(begun, first)
    second = torch.nn.Parameter(first.detach().clone())
    other = optimizer_of(second)
    other.load_state_dict(deepcopy(begun.state_dict()))
    step(begun, first)
    step(other, second)
    assert torch.equal(first, second)
    assert torch.isfinite(first).all()


@every('OPTIM_WRAPPERS', SETTINGS)
def test_optimizer_wrappers_train(made, name):
    settings = dict(type=name, **SETTINGS['OPTIM_WRAPPERS'][name])
    runner = run(made, optim_wrapper=settings)
    assert isinstance(runner.optim_wrapper, OptimWrapper)
    assert type(runner.optim_wrapper) is ours('OPTIM_WRAPPERS')[name]


@every('OPTIM_WRAPPER_CONSTRUCTORS', SETTINGS)
def test_constructors_leave_no_trained_parameter_out(made, name):
    runner = run(made, optim_wrapper=dict(constructor=name))
    groups = runner.optim_wrapper.param_groups
    found = [id(parameter) for group in groups for parameter in group['params']]
    trained = [id(p) for p in runner.model.parameters() if p.requires_grad]
    assert sorted(found) == sorted(trained)
