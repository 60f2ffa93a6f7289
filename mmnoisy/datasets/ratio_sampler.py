"""Mixes the noisy and the verified set in an exact ratio, on any number of processes."""

from __future__ import annotations

from typing import Any, Iterator, Sequence, Sized, Tuple

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from mmpretrain.registry import DATA_SAMPLERS
from torch.utils.data import ConcatDataset, Sampler

from mmnoisy.errors import InputError

_CHUNK = 4096


def mix(
    start: int, stop: int, source_ratio: Tuple[int, int], world_size: int
) -> Tuple[np.ndarray, np.ndarray]:
    """Which source every process draws from at its steps ``start`` to ``stop``.

    With ratio a : b, process r of W has drawn floor(n * b / (a + b) + r / W) times from the second
    source after n draws: exact on every process. The phase r / W makes the sum over the processes
    floor(W * n * b / (a + b)) (Hermite's identity), so that all processes together have drawn the
    same samples after the same number of draws, whatever their number.

    Args:
        start: the first step; a step is one sample on each process.
        stop: the step after the last.
        source_ratio: a and b.
        world_size: W.

    Returns:
        ``(source, ordinal)``, both (stop - start, W) integers: the source 0 or 1, and how many
        samples of that source all processes have drawn before.
    """
    first, second = source_ratio
    period = first + second
    step = np.arange(start, stop + 1)[:, None]
    rank = np.arange(world_size)
    drawn = (step * second * world_size + rank * period) // (period * world_size)
    source = np.diff(drawn, axis=0)
    before = drawn[:-1].sum(1, keepdims=True) + source.cumsum(1) - source
    position = step[:-1] * world_size + rank
    return source, np.where(source, before, position - before)


@DATA_SAMPLERS.register_module()
class RatioSampler(Sampler):
    """Draws from T and V in a ratio, 9 : 1 in the paper (section 3.2).

    Each source is shuffled anew every time it has been used up, so no image comes twice before
    all of its source have come once. An epoch is one pass over the first source; the next epoch
    goes on where the last one ended, so a batch of 32 at 9 : 1 holds three or four samples of V,
    exactly 3.2 in the long run on every process.

    All epochs are windows of one endless sequence of draws, see :meth:`draws`.

    Args:
        dataset: a ``ConcatDataset`` of the two sources; any dataset where ``source_ratio`` is
            None (one source, plain shuffling).
        source_ratio: two positive integers, or None.
        seed: of the order; by default drawn once and shared by all processes.

    Raises:
        InputError: the ratio does not fit the dataset, or a source is empty.
    """

    def __init__(
        self,
        dataset: Sized,
        source_ratio: Sequence[int] | None = None,
        seed: int | None = None,
    ) -> None:
        self.rank, self.world_size = get_dist_info()
        self.source_ratio, self.sizes = _check(dataset, source_ratio)
        self.offsets = [0, self.sizes[0]]
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self._orders: dict = {}

    def __len__(self) -> int:
        first, second = self.source_ratio
        return -(-self.sizes[0] * (first + second) // (first * self.world_size))

    def __iter__(self) -> Iterator[int]:
        begin = self.epoch * len(self)
        return (draw % sum(self.sizes) for draw in self.draws(begin, begin + len(self)))

    def set_epoch(self, epoch: int) -> None:
        """Makes the next iteration begin at the given epoch."""
        self.epoch = epoch

    def draws(self, start: int, stop: int) -> Iterator[int]:
        """What this process draws at its steps ``start`` to ``stop``, both counted from the first.

        The first draw of a late step is there as soon as that of step 0. All processes together
        draw the same after the same number of draws, whatever their number.

        Yields:
            ``index + size * cycle`` of the dataset and its size, when the image is drawn for
            the ``cycle``-th time: a number that no other draw has.
        """
        for begin in range(start, stop, _CHUNK):
            end = min(begin + _CHUNK, stop)
            source, ordinal = mix(begin, end, self.source_ratio, self.world_size)
            yield from self._draws(source[:, self.rank], ordinal[:, self.rank]).tolist()

    def _draws(self, source: np.ndarray, ordinal: np.ndarray) -> np.ndarray:
        """The ``ordinal``-th draws (n,) from the sources, see :meth:`draws`."""
        draws = np.array(self.offsets)[source]
        for s in np.unique(source):
            cycle, place = np.divmod(ordinal, self.sizes[s])
            for c in np.unique(cycle[source == s]):
                here = (source == s) & (cycle == c)
                draws[here] += self._order(int(s), int(c))[place[here]] + c * sum(self.sizes)
        return draws

    def _order(self, source: int, cycle: int) -> np.ndarray:
        """The permutation of a source in its given cycle; the last one is kept."""
        if self._orders.get(source, (None,))[0] != cycle:
            size = self.sizes[source]
            # An array of the smallest type: a list of nine million integers takes 300 MB.
            order = np.arange(size, dtype=np.min_scalar_type(size))
            np.random.default_rng([self.seed, source, cycle]).shuffle(order)
            self._orders[source] = (cycle, order)
        return self._orders[source][1]


def _check(
    dataset: Sized, source_ratio: Sequence[int] | None
) -> Tuple[Tuple[int, int], Tuple[int, ...]]:
    sources: Sequence[Any] = [dataset]
    ratio = (1, 0)
    if source_ratio is not None:
        if isinstance(dataset, ConcatDataset):
            sources = dataset.datasets
        whole = all(isinstance(part, int) and part > 0 for part in source_ratio)
        if len(source_ratio) != 2 or not whole:
            raise InputError(
                f'source_ratio={list(source_ratio)}: is no pair of positive whole numbers; '
                'give for example [9, 1], or None for a single dataset'
            )
        if len(sources) != 2:
            raise InputError(
                f'source_ratio={list(source_ratio)}: mixes two datasets, but train_dataloader has '
                f"{len(sources)}; give dataset=dict(type='ConcatDataset', datasets=[T, V])"
            )
        ratio = (source_ratio[0], source_ratio[1])
    sizes = tuple(len(source) for source in sources)
    for source, size in zip(sources, sizes):
        if size == 0:
            where = getattr(source, 'ann_file', type(source).__name__)
            raise InputError(
                f'{where}: holds no images to draw from; prepare it again from complete files'
            )
    return ratio, sizes
