import json

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmpretrain.registry import MODELS
from test_progress_hook import config
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from mmnoisy import InputError
from mmnoisy.engine.runner import build_runner, resume_from
from mmnoisy.models import LabelCleaningHead


class Readings(TorchDispatchMode):
    """In which steps the host reads what the device has computed from the weights."""

    def __init__(self, monkeypatch):
        super().__init__()
        self.step, self.steps, self.computed = -1, set(), WeakIdKeyDictionary()
        for name in ('tolist', 'numpy', 'cpu'):  # item, float, int and bool come by dispatch
            monkeypatch.setattr(torch.Tensor, name, self.reading(getattr(torch.Tensor, name)))

    def reading(self, method):
        def read(tensor, *args, **kwargs):
            self.note([tensor])
            return method(tensor, *args, **kwargs)

        return read

    def note(self, tensors):
        if any(self.is_computed(tensor) for tensor in tensors):
            self.steps.add(self.step)

    def is_computed(self, tensor):
        return isinstance(tensor, torch.nn.Parameter) or tensor in self.computed

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
        if func is torch.ops.aten._local_scalar_dense.default:
            self.note(tensors)
        out = func(*args, **(kwargs or {}))
        if any(map(self.is_computed, tensors)):
            for tensor in tree_leaves(out):
                if isinstance(tensor, torch.Tensor):
                    self.computed[tensor] = True
        return out


class Steps(Hook):
    """Tells which step it is."""

    priority = 'HIGHEST'

    def __init__(self, readings):
        self.readings = readings

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.readings.step = runner.iter

    def after_train_epoch(self, runner):
        self.readings.step = -1


def short(tmp_path, name, steps, interval):
    cfg = config(tmp_path, name)
    cfg.train_cfg.max_iters = steps
    cfg.default_hooks.logger.interval = cfg.custom_hooks[-1]['interval'] = interval
    cfg.default_hooks.checkpoint = None
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    return cfg


def test_the_device_is_asked_only_where_the_log_is_written(tmp_path, monkeypatch):
    cfg = short(tmp_path, 'readings', 8, 3)
    cfg.optim_wrapper.clip_grad = dict(max_norm=1)
    runner = build_runner(cfg)
    readings = Readings(monkeypatch)
    runner.register_hook(Steps(readings))
    with readings:
        runner.train()
    assert readings.steps == {2, 5, -1}
    assert len(runner.message_hub.get_scalar('train/loss').data[0]) == 8


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_no_synchronisation_on_a_gpu(tmp_path):
    class Forbid(Hook):
        """Lets a step that is not logged end in an error where it waits."""

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            torch.cuda.set_sync_debug_mode('error' if 0 < batch_idx < 7 else 'default')

    runner = build_runner(short(tmp_path, 'gpu', 8, 8))
    runner.register_hook(Forbid())
    runner.train()


def test_the_log_has_the_losses_of_every_step(tmp_path):
    """As with MMEngine's hook, and in checkpoints too, from which a run goes on."""
    histories = []
    for kind in ('RuntimeInfoHook', 'LazyRuntimeInfoHook'):
        cfg = config(tmp_path / kind, kind)
        cfg.default_hooks.runtime_info = dict(type=kind)
        cfg.optim_wrapper.clip_grad = dict(max_norm=0.1)
        cfg.train_cfg.max_iters = 7
        cfg.default_hooks.checkpoint.interval = 5
        runner = build_runner(cfg)
        runner.train()
        saved = torch.load(tmp_path / kind / 'run/iter_5.pth', weights_only=False)['message_hub']
        names = [f'train/{name}' for name in ('loss', 'loss_clean', 'lr', 'grad_norm')]
        assert all(isinstance(saved['log_scalars'][name], HistoryBuffer) for name in names)
        found = [runner.message_hub.get_scalar(name).data[0].tolist() for name in names]
        histories.append((found, [saved['log_scalars'][name].data[0].tolist() for name in names]))
    assert histories[0] == histories[1]
    assert {len(values) for values in histories[1][0]} == {7}
    assert {len(values) for values in histories[1][1]} == {5}


@pytest.mark.parametrize('kind', [None, 'RuntimeInfoHook'])
def test_it_comes_by_itself_unless_another_is_named(tmp_path, kind):
    cfg = config(tmp_path, f'hooks {kind}')
    cfg.default_hooks.pop('runtime_info')
    if kind:
        cfg.default_hooks.runtime_info = dict(type=kind)
    names = [type(hook).__name__ for hook in build_runner(cfg).hooks]
    found = [name for name in names if name.endswith('RuntimeInfoHook')]
    assert found == [kind or 'LazyRuntimeInfoHook']


@MODELS.register_module()
class ExplodingHead(LabelCleaningHead):
    """Its third loss is not a number."""

    steps = 0

    def loss(self, cleaned, verified, observed):
        self.steps += 1
        loss = super().loss(cleaned, verified, observed)
        return loss * torch.nan if self.steps == 3 else loss


@pytest.mark.parametrize('interval', [1, 4])
def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, interval):
    cfg = config(tmp_path, f'exploding {interval}')
    cfg.model.cleaning_head.type = 'ExplodingHead'
    cfg.default_hooks.checkpoint.interval = interval
    cfg.train_cfg.max_iters = 6
    runner = build_runner(cfg)
    with pytest.raises(InputError, match=r'is nan in iteration 3: the ids of its 16 images'):
        runner.train()
    (file,) = (tmp_path / 'run').glob('not_finite*.json')
    written = json.loads(file.read_text())
    assert written['iter'] == 3
    loop = runner.train_loop
    assert written['images'] == [loop.samples.image_id(k) for k in loop.batches.indices(2)]
    assert all(len(image) == 16 for image in written['images'])
    saved = ['iter_1.pth', 'iter_2.pth'] if interval == 1 else []
    assert sorted(path.name for path in (tmp_path / 'run').glob('*.pth')) == saved


def test_a_run_goes_on_after_a_resume(tmp_path):
    cfg = config(tmp_path, 'whole')
    cfg.default_hooks.checkpoint.update(interval=3, max_keep_ckpts=-1)
    cfg.train_cfg.max_iters = 5
    build_runner(cfg).train()
    whole = torch.load(tmp_path / 'run/iter_5.pth', weights_only=False)['message_hub']
    resume_from(cfg, str(tmp_path / 'run/iter_3.pth'))
    cfg.experiment_name = 'resumed'
    build_runner(cfg).train()
    resumed = torch.load(tmp_path / 'run/iter_5.pth', weights_only=False)['message_hub']
    for name in ('train/loss', 'train/loss_clean'):
        histories = [hub['log_scalars'][name].data[0].tolist() for hub in (whole, resumed)]
        assert histories[0] == histories[1]
