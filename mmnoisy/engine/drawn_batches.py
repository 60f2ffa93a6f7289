"""Batches that depend on the seed and on their number, not on what was loaded before them."""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice
from typing import Any, Iterator, List, Sequence

import numpy as np
from torch.utils.data import BatchSampler, ConcatDataset, DataLoader, Dataset, Sampler

from mmnoisy.errors import InputError
from mmnoisy.seeds import hash_seed, seed_all


class SeededDataset(Dataset):
    """Maps draws of a sampler to samples, whose augmentation depends on the draw alone.

    Python's, NumPy's and PyTorch's generators are set before every sample, so that it does not
    matter which worker loads it, on which process and after which others.

    Args:
        dataset: of N samples. One with a method ``seeded_batch(indices, seeds)`` hands whole
            batches, see :class:`mmnoisy.datasets.OpenImagesFeatures`.
        seed: of the run.
    """

    def __init__(self, dataset: Any, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed
        self.metainfo = getattr(dataset, 'metainfo', {})

    def __len__(self) -> int:
        return len(self.dataset)

    def image_id(self, index: int) -> str:
        """The id of an image, or its number where the dataset has no ``image_id(index)``."""
        dataset = self.dataset
        if isinstance(dataset, ConcatDataset):
            source = bisect_right(dataset.cumulative_sizes, index)
            index -= [0, *dataset.cumulative_sizes][source]
            dataset = dataset.datasets[source]
        return getattr(dataset, 'image_id', str)(index)

    def __getitem__(self, draw: int) -> Any:
        """The sample of a draw, ``index + N * cycle``."""
        seed_all(int(hash_seed(self.seed, draw)))
        return self.dataset[draw % len(self)]

    def __getitems__(self, draws: Sequence[int]) -> Any:
        """A batch, or a list of samples."""
        if not hasattr(self.dataset, 'seeded_batch'):
            return [self[draw] for draw in draws]
        numbers = np.asarray(draws)
        return self.dataset.seeded_batch(numbers % len(self), hash_seed(self.seed, numbers))


class DrawnBatches(Sampler):
    """The batches of one process from a given step to the last, all of them full.

    Args:
        sampler: with ``draws(start, stop)``, see :class:`mmnoisy.datasets.RatioSampler`.
        batch_size: of this process.
        size: N, of the dataset.
        length: number of batches in an epoch; what ``len`` returns.

    Attributes:
        start: the first step.
        stop: the step after the last.
        share: of the images of a batch, this process has those.
    """

    def __init__(self, sampler: Any, batch_size: int, size: int, length: int) -> None:
        self.sampler = sampler
        self.batch_size = batch_size
        self.size = size
        self.length = length
        self.start = 0
        self.stop = length
        self.share = slice(None)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[List[int]]:
        draws = self.sampler.draws(self.start * self.batch_size, self.stop * self.batch_size)
        for _ in range(self.start, self.stop):
            yield [*islice(draws, self.batch_size)][self.share]

    def indices(self, step: int) -> List[int]:
        """Dataset indices of the batch of a step."""
        begin = step * self.batch_size
        draws = self.sampler.draws(begin, begin + self.batch_size)
        return [draw % self.size for draw in draws][self.share]


def drawn_loader(loader: DataLoader, seed: int) -> DataLoader:
    """A loader with :class:`DrawnBatches` in the place of its batches.

    Args:
        loader: its sampler, batch size, workers and ``collate_fn`` are used.
        seed: of the run.

    Raises:
        InputError: its sampler cannot begin at a given step.
    """
    if type(loader.batch_sampler) is not BatchSampler or not hasattr(loader.sampler, 'draws'):
        name = type(loader.batch_sampler if loader.batch_size is None else loader.sampler).__name__
        raise InputError(
            f'train_dataloader: {name} cannot begin at a given step; set '
            "sampler=dict(type='RatioSampler') (without source_ratio it shuffles one dataset), or "
            'train with train_cfg=dict(by_epoch=...), which cannot go on in the middle of an epoch'
        )
    assert loader.batch_size is not None
    workers, dataset = loader.num_workers, SeededDataset(loader.dataset, seed)
    return DataLoader(
        dataset,
        batch_sampler=DrawnBatches(loader.sampler, loader.batch_size, len(dataset), len(loader)),
        num_workers=workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        timeout=loader.timeout,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        prefetch_factor=loader.prefetch_factor if workers else None,
    )
