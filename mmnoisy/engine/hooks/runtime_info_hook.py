"""Losses that are read where the log asks for them, and stop the run where they are not finite."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from mmengine.dist import get_rank
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmnoisy.errors import InputError
from mmnoisy.io.atomic import write_json

_INTERVAL = 100  # of a run that has no LoggerHook


@HOOKS.register_module()
class LazyRuntimeInfoHook(RuntimeInfoHook):
    """MMEngine's ``RuntimeInfoHook``, which does not wait for the device in every step.

    The losses of a step stay on their device until the log shows them, an evaluation begins or a
    checkpoint is saved; then all of them go to the message hub, in one copy, with their step. A
    loss that is not finite stops the run there, before its weights are saved. So do the norms of
    gradients that are clipped (``clip_grad``), whose being finite is left to the optimizer.

    Raises:
        InputError: a loss is not finite; the ids of the images of its batch are in the work dir.
    """

    def __init__(self) -> None:
        self._interval = _INTERVAL
        self._unread: List[Tuple[int, Dict[str, torch.Tensor]]] = []
        self._norms: Optional[_Norms] = None

    def before_train(self, runner: Runner) -> None:
        """Asks for the interval of the log."""
        super().before_train(runner)
        loggers = [hook for hook in runner.hooks if isinstance(hook, LoggerHook)]
        self._interval = min((hook.interval for hook in loggers), default=_INTERVAL)
        self._unread = []
        wrapper = runner.optim_wrapper
        if getattr(wrapper, 'clip_grad_kwargs', None):
            if not isinstance(wrapper.clip_func, _Norms):
                wrapper.clip_func = _Norms(wrapper.clip_func, wrapper.grad_name)
            self._norms = wrapper.clip_func

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Optional[Dict[str, torch.Tensor]] = None,
    ) -> None:
        """Keeps the losses of a step."""
        losses = {name: torch.as_tensor(value).detach() for name, value in (outputs or {}).items()}
        if self._norms is not None:
            losses.update(self._norms.taken())
        self._unread.append((runner.iter, losses))
        last = self.end_of_epoch(runner.train_dataloader, batch_idx)
        if last or self.every_n_inner_iters(batch_idx, self._interval):
            self.read_losses(runner)

    def read_losses(self, runner: Runner) -> None:
        """Hands the losses of all steps since the last time to the message hub."""
        unread, self._unread = self._unread, []
        values = [value for _, losses in unread for value in losses.values()]
        if not values:
            return
        device = values[0].device
        numbers = iter(torch.stack([v.to(device, torch.float32) for v in values]).tolist())
        for step, losses in unread:
            for name, number in zip(losses, numbers):
                if not (math.isfinite(number) or (self._norms and name == self._norms.name)):
                    _stop(runner, step, name, number)
                runner.message_hub.update_scalar(f'train/{name}', number)

    def before_val(self, runner: Runner) -> None:
        """Reads the losses; as :class:`RuntimeInfoHook`."""
        self.read_losses(runner)
        super().before_val(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: Dict[str, Any]) -> None:
        """Reads the losses before anything is saved."""
        self.read_losses(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Reads the losses of the last steps."""
        self.read_losses(runner)


class _Norms:
    """Clips gradients and keeps their norm, which MMEngine would read at once, on its device."""

    def __init__(self, clip: Callable[..., Optional[torch.Tensor]], name: str) -> None:
        self.clip, self.name = clip, name
        self._last: Optional[torch.Tensor] = None

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        self._last = self.clip(*args, **kwargs)

    def taken(self) -> Dict[str, torch.Tensor]:
        """The norm since the last time, if there is one, by its name."""
        last, self._last = self._last, None
        return {} if last is None else {self.name: last.detach()}


def _stop(runner: Runner, step: int, name: str, value: float) -> None:
    """Ends the run; the images of a step are known in loops that can name them."""
    path = Path(runner.work_dir, f'not_finite_iter_{step + 1}_rank_{get_rank()}.json')
    images: List[str] = getattr(runner.train_loop, 'image_ids', lambda step: [])(step)
    write_json(path, dict(iter=step + 1, loss=name, value=str(value), images=images))
    raise InputError(
        f'{name} is {value} in iteration {step + 1}: the ids of its {len(images)} images '
        f'are in {path}; look at them, or lower the learning rate, and resume from the last '
        'checkpoint'
    )
