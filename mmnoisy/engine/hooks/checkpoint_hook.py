"""Checkpoints that are whole, or not there."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import torch
from mmengine.dist import all_reduce, is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmnoisy.engine.checkpoints.matching import check_optimizer, check_weights
from mmnoisy.engine.distributed.agreement import Agreement
from mmnoisy.engine.distributed.unwrap_model import unwrap_model, whole_weights
from mmnoisy.errors import GO_ON, InputError
from mmnoisy.io.atomic import atomic_write
from mmnoisy.io.background import BackgroundJobs

_GRADIENTS = 'gradients'
_BETWEEN = 'between_ckpt'
_SAVE, _STOP = 1, 2  # what processes agree on


_jobs = BackgroundJobs()  # of this process: MMEngine builds backends from plain settings


@register_backend('whole_files')
class WholeFileBackend(LocalBackend):
    """MMEngine's storage on local disks, where files are whole and on the disk or not there."""

    def put(self, obj: Union[bytes, memoryview], filepath: Union[str, Path]) -> None:
        """Has a thread write a file, when those before it are written.

        Raises:
            InputError: the disk is full, or a file cannot be made there; where it is asked next.
        """

        def write() -> None:
            with atomic_write(Path(filepath), 'wb', durable=True) as file:
                file.write(obj)

        _jobs.start(write)


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """MMEngine's checkpoints, written so that a kill or a full disk costs no good one.

    A checkpoint is copied in memory, and a thread writes it while the training goes on; it gets its
    name when all of it is on the disk, and older ones are removed after that. A step waits for the
    disk only where the last checkpoint is not written yet. It also holds the gradients of an
    unfinished accumulation; of several processes their mean. What is resumed must have the weights
    and the optimizer of the config.

    In a :class:`mmnoisy.engine.train_loop.ResumableTrainLoop`, whose runs go on from any step,
    checkpoints are saved by the clock, too, and a run that is warned by SIGTERM or SIGUSR1 saves
    one at the end of its step, in several processes of the next, and ends with exit code
    :data:`mmnoisy.errors.GO_ON`. Of these checkpoints only the last is kept, as ``iter_N.pth``.

    Args:
        interval_minutes: also save so long after the last checkpoint.
        **kwargs: of ``mmengine.hooks.CheckpointHook``; files on a remote storage
            (``backend_args``) are left to MMEngine.

    Raises:
        InputError: the disk is full, or a run is resumed from a checkpoint of another config.
    """

    heeds_stop_signals = True  # read by ResumableTrainLoop

    def __init__(self, interval_minutes: Optional[float] = None, **kwargs: Any) -> None:
        if interval_minutes is not None and not interval_minutes > 0:
            raise InputError(f'interval_minutes={interval_minutes}: give a positive number')
        super().__init__(**{'backend_args': dict(backend='whole_files'), **kwargs})
        self.interval_minutes = interval_minutes
        self._gradients: Dict[str, torch.Tensor] = {}
        self._agreement: Optional[Agreement] = None
        self._saved, self._time = -1, 0.0  # the step of the last checkpoint, and when it was
        self._between: Optional[str] = None  # the checkpoint by the clock, or of a warning

    def before_train(self, runner: Runner) -> None:
        """Gives an unfinished accumulation its gradients back."""
        super().before_train(runner)
        with suppress(InputError):  # of another run, which has ended before this
            _jobs.wait()
        for name, parameter in unwrap_model(runner).named_parameters():
            if name in self._gradients:
                parameter.grad = self._gradients[name].to(parameter.device)
        if self._gradients:
            runner.logger.info('The gradients of the unfinished accumulation are those of the run.')
        self._gradients = {}
        if hasattr(runner.train_loop, 'stop_signals'):
            self._agreement = Agreement()
        self._saved, self._time = runner.iter, time.monotonic()
        self._between = runner.message_hub.runtime_info.get(_BETWEEN)
        if is_main_process():
            for part in Path(self.out_dir).glob('.*.pth.part'):  # of a run that was killed
                part.unlink()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Saves where it is time, or where the run has to stop, which it does then."""
        _jobs.check()
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        if self._agreement is None:
            return
        wanted = self._agreement.largest(self._wanted(runner))
        if wanted and self._saved != runner.iter + 1:
            self._save_between(runner)
        if wanted == _STOP:
            _jobs.wait()
            self._agreement.wait()
            runner.logger.warning(
                f'Told to stop: iteration {runner.iter + 1} is saved as {self.last_ckpt}; the same '
                f'command with --resume goes on from there (exit code {GO_ON}).'
            )
            raise SystemExit(GO_ON)

    def finish_writing(self, runner: Runner) -> None:
        """Waits until all is on the disk; the loop calls it however the run ends."""
        _jobs.wait()

    def after_train(self, runner: Runner) -> None:
        """Publishes what is on the disk."""
        self.finish_writing(runner)
        if self._agreement is not None:
            self._agreement.heard()
        super().after_train(runner)

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

    def _wanted(self, runner: Runner) -> int:
        """What this process wants: nothing, a checkpoint by the clock, or to stop."""
        if runner.train_loop.stop_signals.received:
            return _STOP
        due = self.interval_minutes and time.monotonic() - self._time >= 60 * self.interval_minutes
        if not due or not is_main_process() or _jobs.busy:
            return 0
        self._time = time.monotonic()
        return _SAVE

    def _save_between(self, runner: Runner) -> None:
        step = runner.iter + 1
        name = f'iter_{step}.pth'
        self._write(runner, name, dict(epoch=runner.epoch, iter=step), [], between=True)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        outdated = self._outdated(step)
        if self.max_keep_ckpts > 0:
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        self._write(runner, self.filename_tmpl.format(step), meta, outdated)

    def _write(
        self, runner: Runner, name: str, meta: dict, outdated: List[str], between: bool = False
    ) -> None:
        """Saves, then says so in ``last_checkpoint``, then removes what is outdated."""
        runner.call_hook('read_losses')  # on all processes: one that is not finite ends the run
        self.last_ckpt = path = self.file_backend.join_path(self.out_dir, name)
        if self._between not in (None, path):
            outdated = [*outdated, self._between]
        self._between = path if between else None
        self._saved, self._time = meta['iter'], time.monotonic()
        runner.message_hub.update_info('last_ckpt', path)
        runner.message_hub.update_info(_BETWEEN, self._between)
        self._gradients = unfinished_gradients(runner)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch and not between,
            backend_args=self.backend_args,
            **self.args,
        )
        self._gradients = {}

        def finish() -> None:
            with atomic_write(Path(runner.work_dir, 'last_checkpoint'), durable=True) as file:
                file.write(path)
            for old in outdated:
                if self.file_backend.isfile(old):
                    self.file_backend.remove(old)
                elif self.file_backend.isdir(old):  # of a strategy that shards the weights
                    self.file_backend.rmtree(old)

        if is_main_process():
            _jobs.follow(finish)

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
