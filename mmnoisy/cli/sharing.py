"""The arguments of the tools whose work is shared by shards, and what they ask for."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser, Namespace
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Optional, Tuple

from mmnoisy.errors import InputError
from mmnoisy.io.lock import lock

if TYPE_CHECKING:
    from mmnoisy.engine.distributed.shard_jobs import Workers

SHARD_IMAGES = 2048


def add_sharing(parser: ArgumentParser, whole: str, on_gpus: bool = True) -> None:
    """Adds who does the work and in what pieces.

    Args:
        parser: of a tool.
        whole: what it makes of the shards at the end.
        on_gpus: whether there is anything to do for them.
    """
    group = parser.add_argument_group('shards, and who computes them')
    group.add_argument(
        '--shard-images',
        '--block-images',
        type=int,
        default=SHARD_IMAGES,
        metavar='N',
        help=f'images of a shard, the most that an ended run loses, default {SHARD_IMAGES}',
    )
    group.add_argument(
        '--parquet',
        action='store_true',
        help=f'write the shards alone, as Parquet files in --out; {whole} is not made',
    )
    group.add_argument(
        '--shards',
        metavar='I/N',
        help='compute only every N-th shard, from I on (I = 0 to N - 1), beside processes that do '
        'the others; the same command without it puts all together',
    )
    group.add_argument(
        '--ray',
        nargs='?',
        const=os.environ.get('RAY_ADDRESS') or 'local',
        metavar='ADDRESS',
        help='compute on this Ray cluster, auto for the one that this machine is of; without an '
        'address on this machine',
    )
    group.add_argument(
        '--ray-cpus',
        type=int,
        metavar='C',
        help='CPUs of a worker on Ray; default 1, and 1 for each process that loads pictures',
    )
    group.add_argument(
        '--ray-gpus',
        type=float,
        default=None if on_gpus else 0.0,
        metavar='G',
        help='GPUs of a worker on Ray, such as 0.5; default '
        + ('1 where the cluster has any' if on_gpus else '0, as there is nothing to do for them'),
    )


def workers_of(args: Namespace, num_workers: int = 1) -> Workers:
    """Who computes.

    Args:
        args: of :func:`add_sharing`.
        num_workers: processes or threads that load pictures beside each worker.

    Raises:
        InputError: an argument cannot be used.
    """
    from mmnoisy.engine.distributed.processes import world_size
    from mmnoisy.engine.distributed.ray_workers import RayWorkers
    from mmnoisy.engine.distributed.shard_jobs import Workers

    if args.shard_images < 1:
        raise InputError(f'--shard-images {args.shard_images}: give 1 or more')
    cpus = 1 + num_workers if args.ray_cpus is None else args.ray_cpus
    if cpus < 1 or (args.ray_gpus is not None and args.ray_gpus < 0):
        raise InputError(
            f'--ray-cpus {cpus} --ray-gpus {args.ray_gpus or 0:g}: give at least 1 and at least 0'
        )
    share = _share(args.shards)
    if (share is not None) + (args.ray is not None) + (world_size() > 1) > 1:
        raise InputError('--shards, --ray and torchrun: each shares the work; give one of them')
    ray = None if args.ray is None else RayWorkers(args.ray, cpus, args.ray_gpus)
    return Workers(share, ray)


@contextmanager
def locked(args: Namespace, out: Path) -> Iterator[None]:
    """Keeps other runs out of what is written; those of other shares come in.

    Raises:
        InputError: another run writes there, or nothing can be written.
    """
    from mmengine.dist import get_rank

    share = '' if args.shards is None else f'.{args.shards.replace("/", "-of-")}'
    with lock(out.with_name(out.name + share), get_rank() == 0):
        yield


def tell_share(args: Namespace, out: Path) -> None:
    """Says of what is left at shards where they are, and how to go on."""
    if args.shards is not None:
        together = '' if args.parquet else '; without --shards all are put together'
        print(f'{out}: shards {args.shards} are finished{together}')
    elif args.parquet:
        print(f'{out}: all shards are finished')


def _share(text: Optional[str]) -> Optional[Tuple[int, int]]:
    if text is None:
        return None
    found = re.fullmatch(r'(\d+)/(\d+)', text)
    if found is None or int(found[1]) >= int(found[2]):
        raise InputError(f'--shards {text}: is no share; give 0/4, 1/4, 2/4 or 3/4, say')
    return int(found[1]), int(found[2])
