"""Faster steps: 16 bits and the memory layout of convolutions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS, OPTIM_WRAPPERS
from torch import nn

from mmnoisy.engine.distributed.unwrap_model import unwrap_model
from mmnoisy.errors import InputError


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Mixed precision in bfloat16, on CPUs as well as on GPUs.

    It has the range of float32, so that gradients need no scaling; weights, cleaned labels and
    losses stay in float32. MMEngine's ``AmpOptimWrapper`` (float16) works on GPUs only.

    Args:
        **kwargs: of ``mmengine.optim.OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Runs the forward pass in bfloat16, where PyTorch holds that to be safe."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield


def use_mixed_precision(cfg: Config) -> None:
    """What ``--amp`` asks for: float16 with a scaled loss, on GPUs.

    A config in mixed precision already stays as it is, :class:`BFloat16OptimWrapper` among others.

    Args:
        cfg: is changed.

    Raises:
        InputError: there is no GPU, or the config has an optimizer wrapper of another kind.
    """
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper').split('.')[-1]
    if kind in ('BFloat16OptimWrapper', 'AmpOptimWrapper'):
        return
    if kind != 'OptimWrapper':
        raise InputError(
            f'--amp: optim_wrapper.type={kind} does not become one of mixed precision; leave it out'
        )
    if not torch.cuda.is_available():
        raise InputError(
            '--amp: float16 needs a GPU and there is none; leave it out, or give --cfg-options '
            'optim_wrapper.type=BFloat16OptimWrapper'
        )
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keeps the weights of convolutions in the layout that GPUs with tensor cores are fast in."""

    def before_train(self, runner: Runner, **kwargs: Any) -> None:
        """Changes the layout; the values stay."""
        unwrap_model(runner).to(memory_format=torch.channels_last)
