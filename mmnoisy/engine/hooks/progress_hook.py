"""What a run shows of itself."""

from __future__ import annotations

import math
import time
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import nn

from mmnoisy.engine.distributed.unwrap_model import unwrap_model
from mmnoisy.errors import InputError
from mmnoisy.models.heads import Cleaned

_RATES = 10  # of which the median tells the time left


@HOOKS.register_module()
class ProgressHook(Hook):
    """Adds throughput, time left and what the cleaning network does to the log.

    In the log, in TensorBoard and in every other back-end of the visualizer, beside the losses:

    - ``images_per_second`` of all processes, and ``hours_left``;
    - ``cleaning_lr``, the learning rate of the cleaning network;
    - ``changed_labels``: the share of the noisy labels of a batch that the cleaning network takes
      away (c < 0.5) or adds to (c >= 0.5), unless it maps them to other classes;
    - ``cleaned_precision``, ``noisy_precision``: the share of kept labels that are present, of
      cleaned and of noisy labels, among the rated noisy labels of ``held_back``.

    Args:
        interval: iterations between two looks.
        held_back: loader of verified images that are not trained on, see ``--hold-back`` of
            ``tools/train.py``; evaluated at every evaluation of the run and at its end.

    Raises:
        InputError: noisy labels of other classes are to be compared with ``held_back``.
    """

    priority = 'HIGH'  # before the hook that logs

    def __init__(self, interval: int = 100, held_back: Optional[dict] = None) -> None:
        self.interval = interval
        self.held_back = held_back
        self._loader: Any = None
        self._seen: Optional[Tuple[torch.Tensor, torch.Tensor]] = None

    def before_train(self, runner: Runner) -> None:
        """Begins to look at what the cleaning network gets and gives."""
        self._head = getattr(unwrap_model(runner), 'cleaning_head', None)
        self._looks = False
        if self._head is not None and self._head.noisy_classes is not None:
            if self.held_back:
                raise InputError(
                    '--hold-back: the noisy labels are of other classes than the verdicts, so none '
                    'of them is kept or removed; leave it out'
                )
        elif self._head is not None:
            self._head.register_forward_hook(self._look)
            if self.held_back and self._loader is None:
                self._loader = runner.build_dataloader(self.held_back, seed=runner.seed)
        self._start_clock()

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Looks at the coming batch, at every ``interval``-th."""
        self._looks = self.every_n_inner_iters(batch_idx, self.interval)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Optional[Dict[str, torch.Tensor]] = None,
    ) -> None:
        """Writes down what there is to see, at every ``interval``-th."""
        self._images += len(data_batch['inputs']) * get_world_size()
        self._steps += 1
        if not self.every_n_inner_iters(batch_idx, self.interval):
            return
        hub, seconds = runner.message_hub, time.monotonic() - self._begin
        hub.update_scalar('train/images_per_second', self._images / seconds)
        rates, _ = hub.get_scalar('train/images_per_second').data
        left = (runner.max_iters - runner.iter - 1) * self._images / self._steps
        hub.update_scalar('train/hours_left', left / np.median(rates[-_RATES:]) / 3600)
        if self._head is not None:
            hub.update_scalar('train/cleaning_lr', cleaning_rate(runner, self._head))
        if self._seen is not None:
            hub.update_scalar('train/changed_labels', changed_share(*self._seen))
        self._looks, self._seen = False, None
        self._start_clock()

    def before_val_epoch(self, runner: Runner) -> None:
        """Measures the cleaning network on what is held back."""
        if self._loader is None:
            return
        counts = torch.zeros(2, 2, dtype=torch.int64)  # kept and present, of noisy and cleaned
        self._looks = True
        runner.model.eval()
        for batch in self._loader:
            batch = unwrap_model(runner).data_preprocessor(batch, training=False)
            with torch.no_grad():
                runner.model(**batch, mode='loss')  # with what gathers shards
            assert self._seen is not None
            for cleaned, sample in zip(self._seen[1].cpu().numpy(), batch['data_samples']):
                there, absent, noisy = (
                    np.asarray(sample.get(key, ()), np.int64)
                    for key in ('verified_pos', 'verified_neg', 'noisy_label')
                )
                ids = np.concatenate([there, absent])
                is_present, of_machine = np.arange(len(ids)) < len(there), np.isin(ids, noisy)
                for k, keeps in enumerate((of_machine, of_machine & (cleaned[ids] >= 0.5))):
                    counts[k, 0] += int(keeps.sum())
                    counts[k, 1] += int((keeps & is_present).sum())
        self._looks, self._seen = False, None
        all_reduce(counts)
        for name, (kept, present) in zip(('noisy', 'cleaned'), counts.tolist()):
            value = present / kept if kept else math.nan
            runner.message_hub.update_scalar(f'val/{name}_precision', value)

    def after_val_epoch(self, runner: Runner, metrics: Optional[Dict[str, float]] = None) -> None:
        """Leaves the evaluation out of the throughput."""
        self._start_clock()

    def _start_clock(self) -> None:
        self._begin, self._images, self._steps = time.monotonic(), 0, 0

    def _look(self, module: nn.Module, inputs: Sequence[Any], cleaned: Cleaned) -> None:
        if self._looks:
            self._seen = inputs[1].detach(), cleaned.labels.detach()


def changed_share(noisy: torch.Tensor, cleaned: torch.Tensor) -> float:
    """Number of labels that cleaning takes away or adds, for each noisy label.

    Args:
        noisy: y, (N, C).
        cleaned: c, (N, C).
    """
    before, after = noisy >= 0.5, cleaned >= 0.5
    return float((before ^ after).sum() / before.sum().clamp(min=1))


def cleaning_rate(runner: Runner, head: nn.Module) -> float:
    """The learning rate of the first trained parameter of a head, 0 without one."""
    of_head = {id(parameter) for parameter in head.parameters()}
    for group in runner.optim_wrapper.param_groups:
        if of_head & {id(parameter) for parameter in group['params']}:
            return group['lr']
    return 0.0
