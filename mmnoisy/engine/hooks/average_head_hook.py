"""Ends a training with the mean of several classifiers."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Sequence

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmnoisy.engine.checkpoints.reading import read_checkpoint
from mmnoisy.engine.distributed.unwrap_model import unwrap_model
from mmnoisy.errors import InputError


@HOOKS.register_module()
class AverageHeadHook(Hook):
    """Averages the weights of the head with those of checkpoints, after the last step.

    Classifiers that began as the same one and learned from it in different ways are wrong in
    different ways, and their mean is less often (`model soups <https://arxiv.org/abs/2203.05482>`_).
    The mean of linear heads on one frozen backbone has the mean of their logits.

    Args:
        checkpoints: of the others, with the same head.

    Raises:
        InputError: a checkpoint cannot be read, or has no such head.
    """

    def __init__(self, checkpoints: Sequence[str]) -> None:
        self.checkpoints = checkpoints

    def before_train(self, runner: Runner) -> None:
        """Reads the other heads, before a long training finds that there is none."""
        own = unwrap_model(runner).head.state_dict()
        self._others = [self._head(checkpoint, own) for checkpoint in self.checkpoints]

    def _head(self, checkpoint: str, own: Mapping[str, torch.Tensor]) -> Dict[str, torch.Tensor]:
        state = read_checkpoint(checkpoint)
        state = state.get('state_dict', state)
        head = {name: state.get(f'head.{name}') for name in own}
        for name, value in head.items():
            if value is None or value.shape != own[name].shape:
                raise InputError(
                    f'{checkpoint}: has no head.{name} of shape {list(own[name].shape)}; '
                    'give a checkpoint of a model with the same head and classes'
                )
        return head

    def after_train_iter(self, runner: Runner, batch_idx: int, *_: Any, **__: Any) -> None:
        """Averages, before the last checkpoint is written."""
        if runner.iter + 1 < runner.max_iters:
            return
        with torch.no_grad():
            for name, value in unwrap_model(runner).head.state_dict().items():
                if value.is_floating_point():
                    heads = [value, *(other[name].to(value) for other in self._others)]
                    value.copy_(torch.stack(heads).mean(0))
