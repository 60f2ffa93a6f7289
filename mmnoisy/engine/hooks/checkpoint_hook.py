"""Checkpoints that are whole, or not there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Union

import torch
from mmengine.dist import all_reduce, is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmnoisy.engine.checkpoints.matching import check_optimizer, check_weights
from mmnoisy.engine.distributed.unwrap_model import unwrap_model, whole_weights
from mmnoisy.io.atomic import atomic_write

_GRADIENTS = 'gradients'


@register_backend('whole_files')
class WholeFileBackend(LocalBackend):
    """MMEngine's storage on local disks, where files are whole and on the disk or not there."""

    def put(self, obj: Union[bytes, memoryview], filepath: Union[str, Path]) -> None:
        """Writes a file.

        Raises:
            InputError: the disk is full, or the file cannot be made there.
        """
        with atomic_write(Path(filepath), 'wb', durable=True) as file:
            file.write(obj)


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """MMEngine's checkpoints, written so that a kill or a full disk costs no good one.

    A checkpoint gets its name when all of it is on the disk, and older ones are removed after that.
    It also holds the gradients of an unfinished accumulation; of several processes their mean.
    What is resumed must have the weights and the optimizer of the config.

    Args:
        **kwargs: of ``mmengine.hooks.CheckpointHook``; files on a remote storage
            (``backend_args``) are left to MMEngine.

    Raises:
        InputError: the disk is full, or a run is resumed from a checkpoint of another config.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{'backend_args': dict(backend='whole_files'), **kwargs})
        self._gradients: Dict[str, torch.Tensor] = {}

    def before_train(self, runner: Runner) -> None:
        """Gives an unfinished accumulation its gradients back."""
        super().before_train(runner)
        for name, parameter in unwrap_model(runner).named_parameters():
            if name in self._gradients:
                parameter.grad = self._gradients[name].to(parameter.device)
        if self._gradients:
            runner.logger.info('The gradients of the unfinished accumulation are those of the run.')
        self._gradients = {}

    def before_save_checkpoint(self, runner: Runner, checkpoint: Dict[str, Any]) -> None:
        """Adds gradients."""
        if self._gradients:
            checkpoint[_GRADIENTS] = self._gradients

    def after_load_checkpoint(self, runner: Runner, checkpoint: Dict[str, Any]) -> None:
        """Looks whether a run that is resumed is the one of the checkpoint."""
        if not runner._resume:
            return
        where = runner._load_from or 'the checkpoint'
        check_weights(whole_weights(runner), checkpoint['state_dict'], where)
        check_optimizer(runner.optim_wrapper, checkpoint.get('optimizer'), where)
        self._gradients = checkpoint.get(_GRADIENTS, {})

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """Saves, then says so in ``last_checkpoint``, then removes what is outdated."""
        runner.call_hook('read_losses')  # on all processes: one that is not finite ends the run
        outdated = self._outdated(step)
        if self.max_keep_ckpts > 0:
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._gradients = unfinished_gradients(runner)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        self._gradients = {}
        if is_main_process():
            with atomic_write(Path(runner.work_dir, 'last_checkpoint'), durable=True) as file:
                file.write(self.last_ckpt)
            for path in outdated:
                if self.file_backend.isfile(path):
                    self.file_backend.remove(path)
                elif self.file_backend.isdir(path):  # of a strategy that shards the weights
                    self.file_backend.rmtree(path)

    def _outdated(self, step: int) -> List[str]:
        """Paths of the checkpoints that the one of a step replaces."""
        if self.max_keep_ckpts <= 0:
            return []
        steps = [*(kept for kept in self.keep_ckpt_ids if kept != step), step]
        self.keep_ckpt_ids.clear()
        self.keep_ckpt_ids.extend(steps)  # and forgets the first
        names = (self.filename_tmpl.format(old) for old in steps[: -self.max_keep_ckpts])
        return [os.path.join(self.out_dir, name) for name in names]


def unfinished_gradients(runner: Runner) -> Dict[str, torch.Tensor]:
    """The gradients of an accumulation that no step of the optimizer has used yet.

    With several processes the mean of theirs, which is what the step will use; all have to call.
    """
    wrapper = runner.optim_wrapper
    if getattr(wrapper, '_accumulative_counts', 1) == 1 or wrapper.should_update():
        return {}
    gradients = {}
    for name, parameter in unwrap_model(runner).named_parameters():
        if parameter.grad is not None:
            gradients[name] = parameter.grad.clone()
            all_reduce(gradients[name], 'mean')
    return gradients
