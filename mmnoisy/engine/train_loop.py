"""The training loop of runs that may be killed at any moment."""

from __future__ import annotations

from contextlib import nullcontext
from math import ceil
from typing import Any, Dict, Iterator, List, Optional

import torch
from mmengine.dist import broadcast, get_dist_info
from mmengine.runner import BaseLoop, Runner
from mmpretrain.registry import LOOPS
from torch.utils.data import DataLoader

from mmnoisy.engine.drawn_batches import drawn_loader
from mmnoisy.engine.stop_signals import StopSignals, shield_workers
from mmnoisy.errors import InputError
from mmnoisy.seeds import hash_seed, seed_all
from mmnoisy.wording import counted

_STREAM = 'stream'  # entry of the message hub, and so of a checkpoint
_HISTORY = 1000


@LOOPS.register_module()
class ResumableTrainLoop(BaseLoop):
    """Trains for a number of epochs or of iterations, and goes on exactly where it was killed.

    What a step does depends on the weights, the seed and the number of the step, and on nothing
    else that came before: step k has the k-th batch of an endless sequence of draws, augmented
    with random numbers of the draw, and every generator is set anew before it. So a run resumes
    at step k as fast as it starts at step 0, and equals the uninterrupted one; with another
    number of processes and the same batch size in total it trains on the same batches.

    All batches are full: an epoch is one pass over the first source, rounded up to batches, and
    the next one begins with the image after its last. Otherwise the hooks are called as in
    MMEngine's ``EpochBasedTrainLoop`` (with ``max_epochs``) and ``IterBasedTrainLoop`` (with
    ``max_iters``). An evaluation that is due where a run is resumed is made again, since a kill may
    have cut it short.

    Args:
        runner: of the loop.
        dataloader: its sampler has ``draws``, see :class:`mmnoisy.datasets.RatioSampler`.
        max_epochs: length of the run in epochs.
        max_iters: or in iterations.
        min_images: or by the size of the data, in iterations: so many images are seen, or
            ``min_passes`` times as many as all sources together have, whichever is more. Where they
            have fewer than a batch, a batch is all of them, in as many steps.
        min_passes: of a run with ``min_images``.
        max_passes: of a run with ``min_images``; a small set is not seen more often than that.
        global_batch: ``train_dataloader.batch_size`` is the batch of all processes together, and
            each has its share, so that a run is the same one with any number of processes. Where
            the number does not divide the batch, some have an image more, and the mean of the
            gradients is weighted by their images.
            Otherwise each process has so many images, and the learning rates are multiplied by the
            number of processes.
        val_begin: the first epoch, or iteration, to evaluate after.
        val_interval: epochs, or iterations, from one evaluation to the next; by default 1, and
            with ``min_images`` once, at the end.

    Raises:
        InputError: not exactly one of the three lengths is given, the sampler cannot begin at a
            given step, there are more processes than images in a batch, or the checkpoint belongs
            to a run with another sequence of batches.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | Dict,
        max_epochs: Optional[int] = None,
        max_iters: Optional[int] = None,
        min_images: Optional[int] = None,
        min_passes: int = 1,
        max_passes: Optional[int] = None,
        global_batch: bool = True,
        val_begin: int = 1,
        val_interval: Optional[int] = None,
    ) -> None:
        lengths = dict(max_epochs=max_epochs, max_iters=max_iters, min_images=min_images)
        if sum(length is not None for length in lengths.values()) != 1:
            given = ', '.join(f'{name}={length}' for name, length in lengths.items())
            raise InputError(f'train_cfg: {given}: give one of the three')
        rank, processes = get_dist_info()
        equal = True
        if processes > 1 and isinstance(dataloader, dict):
            equal = _share_batch(runner, dataloader, processes, global_batch)
        super().__init__(runner, dataloader)
        self.by_epoch = max_epochs is not None
        sampler: Any = self.dataloader.sampler
        if not equal:  # before its length is asked for
            sampler.rank, sampler.world_size = 0, 1
        loader: Any = drawn_loader(self.dataloader, runner.seed)
        self.dataloader: DataLoader = loader
        self.samples, self.batches = loader.dataset, loader.batch_sampler
        given = self.batches.batch_size * (processes if equal else 1)
        self.batch_size = given  # of all together
        if min_images is not None:
            size = len(self.samples)
            images = images_to_see(size, min_images, min_passes, max_passes)
            max_iters = ceil(images / given)
            if processes <= size < given:  # or a batch would have images twice
                self.batch_size, equal = size, processes == 1
            runner.logger.info(
                f'{counted(size, "image")}: {counted(max_iters, "step")} of {self.batch_size} '
                'images.'
            )
        self._weight = 1.0
        if equal:
            self.batches.batch_size = self.batch_size // processes
        else:  # each has its share of the batches that one process would have
            sampler.rank, sampler.world_size = 0, 1
            self.batches.batch_size = self.batch_size
            self.batches.share = slice(rank, None, processes)
            own = len(range(rank, self.batch_size, processes))
            self._weight = own * processes / self.batch_size
            runner._train_dataloader['batch_size'] = given / processes  # scales rates
        self.max_epochs = max_epochs or 1
        self.max_iters = max_iters or self.max_epochs * len(self.dataloader)
        self.val_begin = val_begin
        self.val_interval = val_interval or (1 if min_images is None else self._length)
        self.stop_training = False  # set by EarlyStoppingHook
        self.stop_signals = StopSignals()  # read by WholeCheckpointHook
        self._epoch = self._iter = 0  # set by Runner.resume
        self._own_order = not isinstance(dataloader, dict) or 'seed' in dataloader['sampler']
        runner.visualizer.dataset_meta = self.samples.metainfo

    @property
    def epoch(self) -> int:
        """Number of epochs behind the run."""
        return self._epoch

    @property
    def iter(self) -> int:
        """Number of iterations behind the run."""
        return self._iter

    def run(self) -> torch.nn.Module:
        """Trains to the end, or to the step in which it is told to stop."""
        # Where no hook saves and ends the run, a signal ends the process as it always does.
        heeded = any(getattr(hook, 'heeds_stop_signals', False) for hook in self.runner.hooks)
        with self.stop_signals if heeded else nullcontext():
            try:
                return self._run()
            finally:
                self.runner.call_hook('finish_writing')

    def _run(self) -> torch.nn.Module:
        if self._weight != 1:
            _weigh_losses(self.runner.optim_wrapper, self._weight)
        for loop in (self, self.runner.val_loop):
            if loop is not None:
                shield_workers(loop.dataloader)
        self.runner.call_hook('before_train')
        self._check_stream()
        self._set_seed()
        self.batches.start, self.batches.stop = self._iter, self.max_iters
        loaded = iter(self.dataloader)
        self.runner.model.train()
        if self._iter:
            self._validate()
        while self._progress < self._length and not self.stop_training:
            self._run_epoch(loaded)
        self.runner.call_hook('after_train')
        return self.runner.model

    def image_ids(self, step: int) -> List[str]:
        """Ids of the images of the batch of a step, or their numbers where they have none."""
        return [self.samples.image_id(index) for index in self.batches.indices(step)]

    def _run_epoch(self, loaded: Iterator) -> None:
        """Runs what is left of an epoch; iterations without epochs are one long epoch."""
        begin = self._epoch * len(self.dataloader)
        end = begin + len(self.dataloader) if self.by_epoch else self.max_iters
        self.runner.call_hook('before_train_epoch')
        while self._iter < end and not self.stop_training:
            self._run_iter(next(loaded), self._iter - begin)
            if not self.by_epoch:
                self._validate()
        self.runner.call_hook('after_train_epoch')
        if self.by_epoch:
            self._epoch += 1
            self._validate()

    def _run_iter(self, data_batch: Any, batch_idx: int) -> None:
        seed_all(int(hash_seed(self.seed, self._iter, get_dist_info()[0])))
        self.runner.call_hook('before_train_iter', batch_idx=batch_idx, data_batch=data_batch)
        outputs = self.runner.model.train_step(data_batch, optim_wrapper=self.runner.optim_wrapper)
        self.runner.call_hook(
            'after_train_iter', batch_idx=batch_idx, data_batch=data_batch, outputs=outputs
        )
        self._iter += 1
        if self._iter % _HISTORY == 0:
            self._shorten_histories()

    def _validate(self) -> None:
        done = self._progress
        due = done >= self.val_begin and (done % self.val_interval == 0 or done == self._length)
        whole = not self.by_epoch or self._iter == self._epoch * len(self.dataloader)
        if self.runner.val_loop is not None and due and whole:
            self.runner.val_loop.run()
            self.runner.model.train()

    @property
    def _progress(self) -> int:
        return self._epoch if self.by_epoch else self._iter

    @property
    def _length(self) -> int:
        return self.max_epochs if self.by_epoch else self.max_iters

    def _check_stream(self) -> None:
        """Compares the sequence of batches with that of the checkpoint."""
        hub, dataset = self.runner.message_hub, self.samples.dataset
        sources = getattr(dataset, 'datasets', [dataset])
        stream = dict(batch_size=self.batch_size, source_sizes=[*map(len, sources)])
        if hasattr(self.batches.sampler, 'source_ratio'):
            stream['source_ratio'] = [*self.batches.sampler.source_ratio]
        trained = hub.runtime_info.get(_STREAM, stream) if self._iter else stream
        for key, value in stream.items():
            if trained.get(key) != value:
                raise InputError(
                    f'train_dataloader: {key} is {value} (of all processes together), and '
                    f'{trained.get(key)} in the run of the checkpoint; resume with the same, or '
                    'begin a new run from its weights with --cfg-options load_from=CHECKPOINT'
                )
        hub.update_info(_STREAM, stream)

    def _set_seed(self) -> None:
        """Takes the seed of the run, which is that of the checkpoint if it is resumed."""
        seed = torch.tensor(self.runner.seed)
        broadcast(seed)
        self.seed = self.samples.seed = int(seed)
        if not self._own_order:
            self.batches.sampler.seed = self.seed

    def _shorten_histories(self) -> None:
        """Keeps the histories of the log short: MMEngine copies them at every step."""
        for history in self.runner.message_hub.log_scalars.values():
            history.max_length = _HISTORY


def images_to_see(
    size: int, min_images: int, min_passes: int = 1, max_passes: Optional[int] = None
) -> int:
    """How many images a run sees, see :class:`ResumableTrainLoop`.

    Args:
        size: N, number of images of all sources together.
        min_images: at least so many.
        min_passes: at least so many times N.
        max_passes: at most so many times N; None: no limit.
    """
    images = max(min_images, min_passes * size)
    return images if max_passes is None else min(images, max_passes * size)


def _share_batch(runner: Runner, dataloader: Dict, processes: int, global_batch: bool) -> bool:
    """Gives each process its batch size, and says so.

    Returns:
        False where it is the batch size of all, since they cannot have as many images each.
    """
    size = dataloader['batch_size']
    if not global_batch:
        if not (runner.auto_scale_lr or {}).get('enable'):
            runner.auto_scale_lr = dict(base_batch_size=size, enable=True)
        runner.logger.info(
            f'Batches of {size * processes} images, {size} on each of {processes} processes '
            '(train_cfg.global_batch=False); learning rates are scaled with them, max_iters and '
            'schedules in iterations are not.'
        )
        return True
    if size < processes:
        raise InputError(
            f'train_dataloader.batch_size={size}: is the batch of all processes together, and '
            f'{processes} cannot share it; give at least {processes}, or set '
            'train_cfg.global_batch=False for so many images on each'
        )
    least, more = divmod(size, processes)
    # In place, since MMEngine scales learning rates by what the runner has here.
    dataloader['batch_size'] = size if more else least
    shares = f'{least} or {least + 1}, weighted by that,' if more else f'{least}'
    runner.logger.info(
        f'Batches of {size} images, {shares} on each of {processes} processes: a step is that of '
        'one process (train_cfg.global_batch=True).'
    )
    return not more


def _weigh_losses(wrapper: Any, weight: float) -> None:
    """Lets a process count by its images, in a mean over processes."""
    scale = wrapper.scale_loss
    wrapper.scale_loss = lambda loss: weight * scale(loss)
