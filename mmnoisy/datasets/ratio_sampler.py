"""Mixes the noisy and the verified set, and any others, exactly, on any number of processes."""

from __future__ import annotations

from typing import Any, Iterator, Sequence, Sized, Tuple

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from mmpretrain.registry import DATA_SAMPLERS
from torch.utils.data import ConcatDataset, Sampler

from mmnoisy.errors import InputError

_CHUNK = 4096


def mix(
    start: int, stop: int, source_ratio: Sequence[int], world_size: int
) -> Tuple[np.ndarray, np.ndarray]:
    """Which source every process draws from at its steps ``start`` to ``stop``.

    With ratio a : b, process r of W has drawn floor(n * b / (a + b) + r / W) times from the second
    source after n draws: exact on every process. The phase r / W makes the sum over the processes
    floor(W * n * b / (a + b)) (Hermite's identity), so that all processes together have drawn the
    same samples after the same number of draws, whatever their number.

    With a : b : c, the draws that do not go to the first source are dealt out as b : c by the same
    rule, n being how many of them the process has had, and so on. Each process is exact after
    every a + b + c draws, and in between at most as many draws off as there are further sources.
    All processes together have drawn the same, whatever their number, when each has had a multiple
    of a + b + c draws; in between they may be ahead in one further source and behind in another.

    Args:
        start: the first step; a step is one sample on each process.
        stop: the step after the last.
        source_ratio: a, b, ..., one whole number for each source.
        world_size: W.

    Returns:
        ``(source, ordinal)``, both (stop - start, W) int64: the number of the source, and how
        many samples of that source all processes have drawn before.
    """
    rank = np.arange(world_size, dtype=np.int64)
    # By each process and before each step: all draws, those of sources 1, 2, ..., of 2, 3, ...
    drawn = np.arange(start, stop + 1, dtype=np.int64)[:, None].repeat(world_size, 1)
    source = np.zeros((stop - start, world_size), np.int64)
    ordinal = np.empty_like(source)
    for s in range(len(source_ratio)):
        rest, whole = sum(source_ratio[s + 1 :]), sum(source_ratio[s:])
        further = (drawn * rest * world_size + rank * whole) // (whole * world_size)
        here = np.diff(drawn - further, axis=0)
        before = (drawn - further)[:-1].sum(1, keepdims=True) + here.cumsum(1) - here
        ordinal = np.where(here, before, ordinal)
        source += np.diff(further, axis=0)
        drawn = further
    return source, ordinal


@DATA_SAMPLERS.register_module()
class RatioSampler(Sampler):
    """Draws from several sources in a ratio, T and V as 9 : 1 in the paper (section 3.2).

    Each source is shuffled anew every time it has been used up, so no image comes twice before
    all of its source have come once. An epoch is one pass over the first source; the next epoch
    goes on where the last one ended, so a batch of 32 at 9 : 1 holds three or four samples of V,
    exactly 3.2 in the long run on every process.

    All epochs are windows of one endless sequence of draws, see :meth:`draws`.

    Args:
        dataset: a ``ConcatDataset`` of the sources; any dataset where ``source_ratio`` is None
            (one source, plain shuffling).
        source_ratio: a positive integer for each source, or None.
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
        self.offsets = np.cumsum(self.sizes, dtype=np.int64) - self.sizes
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self._orders: dict = {}

    def __len__(self) -> int:
        first, period = self.source_ratio[0], sum(self.source_ratio)
        return -(-self.sizes[0] * period // (first * self.world_size))

    def __iter__(self) -> Iterator[int]:
        begin = self.epoch * len(self)
        return (draw % sum(self.sizes) for draw in self.draws(begin, begin + len(self)))

    def set_epoch(self, epoch: int) -> None:
        """Makes the next iteration begin at the given epoch."""
        self.epoch = epoch

    def draws(self, start: int, stop: int) -> Iterator[int]:
        """What this process draws at its steps ``start`` to ``stop``, both counted from the first.

        The first draw of a late step is there as soon as that of step 0. All processes together
        draw the same after the same number of draws, whatever their number: of two sources always,
        of more after whole rounds of ``sum(source_ratio)`` steps.

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
        draws = self.offsets[source]
        for s in np.unique(source):
            cycle, place = np.divmod(ordinal, self.sizes[s])
            for c in np.unique(cycle[source == s]):
                here = (source == s) & (cycle == c)
                order = self._order(int(s), int(c))
                # The sum of a small type and a number would wrap under NumPy 1.
                draws[here] += order[place[here]].astype(np.int64) + int(c) * sum(self.sizes)
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
) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
    sources: Sequence[Any] = [dataset]
    ratio: Tuple[int, ...] = (1,)
    if source_ratio is not None:
        if isinstance(dataset, ConcatDataset):
            sources = dataset.datasets
        ratio = tuple(source_ratio)
        if not all(type(part) is int and part > 0 for part in ratio):
            raise InputError(
                f'source_ratio={list(ratio)}: is no list of positive whole numbers; give '
                'for example [9, 1], or None for a single dataset'
            )
        if len(sources) != len(ratio):
            raise InputError(
                f'source_ratio={list(ratio)}: mixes {len(ratio)} datasets, but train_dataloader '
                f"has {len(sources)}; give dataset=dict(type='ConcatDataset', datasets=[T, V]) "
                'and one number for each of them'
            )
    sizes = tuple(len(source) for source in sources)
    for source, size in zip(sources, sizes):
        if size == 0:
            where = getattr(source, 'ann_file', type(source).__name__)
            raise InputError(
                f'{where}: holds no images to draw from; prepare it again from complete files'
            )
    return ratio, sizes
