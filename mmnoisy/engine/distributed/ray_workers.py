"""The workers of a Ray cluster: actors that each hold a model and compute part after part.

Actors of Ray Core, not Ray Data: a part here is one file with a name of its own, whole or not
there, which is how a job goes on after whatever ended it. Ray Data cuts and joins its blocks as
memory demands, so that its files are of no certain rows, and a pipeline for each part would load
the model for each. An actor runs the code that one process runs, with loader workers of its own
that decode ahead, so that its memory does not depend on the number of parts.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

import torch

from mmnoisy.errors import InputError
from mmnoisy.io.shards import Parts

ATTEMPTS = 5
"""How often workers may die over one part; a node that is lost is one of these deaths."""

_LOOK_SECONDS = 10.0  # between looks for nodes that have come


class RayWorkers(NamedTuple):
    """Who computes on a cluster.

    Attributes:
        address: of the cluster; ``'local'`` for one on this machine, for this job alone.
        cpus: of a worker: one that computes, and those that load pictures.
        gpus: of a worker, possibly a fraction; None: one, where the cluster has any.
    """

    address: str = 'local'
    cpus: int = 1
    gpus: Optional[float] = None

    def write(
        self, parts: Parts, numbers: List[int], make: Callable[[], Callable]
    ) -> Iterator[int]:
        """Lets the workers compute parts and write them.

        A part whose worker dies, with its node or alone, goes to another one. Nodes that come
        later get workers too.

        Args:
            parts: where they go; all nodes see this folder.
            numbers: of the parts.
            make: makes, in a worker, the function from numbers of parts to these.

        Yields:
            The number of each part, once it is written.

        Raises:
            InputError: Ray is missing, there is no cluster, an input cannot be read, or a part has
                ended ``ATTEMPTS`` workers.
        """
        ray = _import_ray()
        begun_here = not ray.is_initialized()
        if begun_here:
            self._connect(ray)
        try:
            if not self.room(ray):
                raise InputError(
                    f'--ray {self.address}: no node has {self.cpus} CPUs and '
                    f'{self.gpus_each(ray):g} GPUs for a worker; lower --ray-cpus or --ray-gpus'
                )
            yield from _Dispatch(ray, self, parts, numbers, make).run()
        finally:
            if begun_here:
                ray.shutdown()

    def room(self, ray: Any) -> int:
        """How many workers the nodes that are there have room for."""
        each = {'CPU': self.cpus, 'GPU': self.gpus_each(ray)}
        nodes = [node['Resources'] for node in ray.nodes() if node['Alive']]
        return sum(
            min(int(node.get(kind, 0) / number + 1e-6) for kind, number in each.items() if number)
            for node in nodes
        )

    def gpus_each(self, ray: Any) -> float:
        """The GPUs of a worker."""
        if self.gpus is not None:
            return self.gpus
        return float(ray.cluster_resources().get('GPU', 0) > 0)

    def _connect(self, ray: Any) -> None:
        own: Dict[str, Any] = {}
        if self.address == 'local':
            own = dict(include_dashboard=False, num_cpus=max(os.cpu_count() or 1, self.cpus))
        try:
            ray.init(self.address, log_to_driver=False, logging_level='ERROR', **own)
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = ' '.join(str(error).split())
            raise InputError(
                f'--ray {self.address}: there is no such cluster ({reason}); start one with '
                'ray start, or leave the address out'
            ) from error


class _Worker:
    """What runs in an actor."""

    def ready(self, parts: Parts, make: Callable[[], Callable], folder: str, threads: int) -> None:
        """Makes the model; not in a constructor, whose errors say less."""
        os.chdir(folder)
        torch.set_num_threads(threads)
        self.parts, self.compute = parts, make()

    def write(self, number: int) -> int:
        (part,) = self.compute([number])
        self.parts.write(number, part)
        return number


class _Dispatch:
    """Parts that wait, workers, and who works on what."""

    def __init__(
        self,
        ray: Any,
        workers: RayWorkers,
        parts: Parts,
        numbers: List[int],
        make: Callable[[], Callable],
    ) -> None:
        self.ray, self.workers = ray, workers
        self.waiting = deque(numbers)
        self.deaths: Counter = Counter()
        self.tasks: Dict[Any, Any] = {}  # reference: (actor, number, None where it gets ready)
        self.path = parts.path
        options = dict(num_cpus=workers.cpus, num_gpus=workers.gpus_each(ray), max_restarts=0)
        self.actor = ray.remote(_Worker).options(**options)
        # Once in the store of the cluster, and not with every actor.
        self.arguments = (ray.put(parts), ray.put(make), os.getcwd(), torch.get_num_threads())

    def run(self) -> Iterator[int]:
        while self.waiting or any(number is not None for _, number in self.tasks.values()):
            self._hire()
            done, _ = self.ray.wait([*self.tasks], timeout=_LOOK_SECONDS)
            for task in done:
                actor, number = self.tasks.pop(task)
                if self._finished(task, number):
                    if number is not None:
                        yield number
                    self._go_on(actor)
        for actor, _ in self.tasks.values():  # which have become ready for nothing
            self.ray.kill(actor)

    def _hire(self) -> None:
        """Starts workers while there is room and work for them."""
        wanted = min(max(1, self.workers.room(self.ray)), len(self.waiting) + len(self.tasks))
        while len(self.tasks) < wanted:
            actor = self.actor.remote()
            self.tasks[actor.ready.remote(*self.arguments)] = (actor, None)

    def _go_on(self, actor: Any) -> None:
        """The next part for a worker; without one it makes room."""
        if self.waiting:
            number = self.waiting.popleft()
            self.tasks[actor.write.remote(number)] = (actor, number)
        else:
            self.ray.kill(actor)

    def _finished(self, task: Any, number: Optional[int]) -> bool:
        """Whether a worker has done what it was asked for; if it has died, its part waits again."""
        try:
            self.ray.get(task)
        except self.ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self.ray.exceptions.RayActorError as error:
            self.deaths[number] += 1
            if self.deaths[number] >= ATTEMPTS:
                what = 'getting ready' if number is None else str(self.path(number))
                reason = str(error).strip().splitlines()[0]
                raise InputError(
                    f'{what}: {ATTEMPTS} workers have died over it ({reason}); give each more '
                    'memory, or make --shard-images smaller'
                ) from error
            if number is not None:
                self.waiting.append(number)  # last, so that all others are there if it ends the job
            return False
        return True


def _import_ray() -> Any:
    # Ray asks for these when it is imported or started, and they are its only silence.
    os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')
    os.environ.setdefault('RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO', '0')
    try:
        import ray
    except ImportError as error:
        raise InputError(
            f"--ray: Ray is missing ({error}); run pip install 'mmnoisy[ray]'"
        ) from error
    return ray
