"""Batch jobs: features, cleaned labels and predictions, part by part, by any number of workers.

A job is a function from the number of a part to the part. Who calls it does not change a bit of the
result as long as every worker computes with the same number of threads: this process, those that
torchrun has started together, one of N that know nothing of one another (``--shards i/N``, for
Slurm, Spark or cron), or the actors of a Ray cluster.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from mmengine.dist import barrier, get_dist_info

from mmnoisy.engine.distributed.ray_workers import RayWorkers
from mmnoisy.io.progress import progress
from mmnoisy.io.shards import Parts

Compute = Callable[[Iterable[int]], Iterator[Any]]
"""From numbers of parts to these parts, in the same order."""


class Job(NamedTuple):
    """What is to be computed.

    Attributes:
        parts: where it is kept.
        sizes: of each part, in images.
        compute: the parts, in this process.
        elsewhere: makes ``compute`` in a process of another machine; it travels there.
        what: is done, for the progress bar.
    """

    parts: Parts
    sizes: Sequence[int]
    compute: Compute
    elsewhere: Optional[Callable[[], Compute]] = None
    what: str = ''


class Workers(NamedTuple):
    """Who computes.

    Attributes:
        share: i and N, ``0 <= i < N``: this process alone computes every N-th part from the i-th
            on, and leaves it to another run to put them together.
        ray: a Ray cluster.
    """

    share: Optional[Tuple[int, int]] = None
    ray: Optional[RayWorkers] = None

    def compute(self, job: Job) -> bool:
        """Computes the parts that are missing.

        Returns:
            Whether all parts are there and this process is to put them together.

        Raises:
            InputError: an input cannot be read, a part cannot be written, or Ray is missing.
        """
        rank, world_size = get_dist_info()
        missing = job.parts.missing(*(self.share or (rank, world_size)))
        total = sum(job.sizes[k] for k in missing)
        with progress(job.what, total=total, unit='images', wanted=rank == 0) as bar:
            for number in self._written(job, missing):
                bar.update(job.sizes[number])
        barrier()
        return self.share is None and rank == 0

    def _written(self, job: Job, missing: List[int]) -> Iterator[int]:
        """The numbers of the parts, as they are written."""
        if self.ray is not None and missing:
            assert job.elsewhere is not None
            yield from self.ray.write(job.parts, missing, job.elsewhere)
            return
        for number, part in zip(missing, job.compute(missing)):
            job.parts.write(number, part)
            yield number


ALONE = Workers()
"""This process, or those that torchrun has started together with it."""
