"""Several processes: of a run, or of a tool that shares its work."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Callable, List, TypeVar

import torch
from mmengine.config import Config
from mmengine.dist import broadcast_object_list, init_dist, is_distributed, is_main_process

from mmnoisy.errors import InputError

Result = TypeVar('Result')

_RANKS = dict(pytorch='RANK', slurm='SLURM_PROCID', mpi='OMPI_COMM_WORLD_RANK')


def world_size() -> int:
    """The number of processes that torchrun has started together."""
    return int(os.environ.get('WORLD_SIZE', 1))


def is_first(launcher: str = 'pytorch') -> bool:
    """Whether this process is the first of those that a launcher has started, or alone."""
    return os.environ.get(_RANKS.get(launcher, 'RANK'), '0') == '0'


def may_restart() -> bool:
    """Whether torchrun starts the processes of this run again where some of them are lost."""
    return int(os.environ.get('TORCHELASTIC_MAX_RESTARTS', 0)) > 0


def join_processes() -> None:
    """Lets the processes of a tool talk to one another, if there are several."""
    if world_size() > 1:
        # They wait for the slowest one, and writing a large data set takes hours.
        torch.distributed.init_process_group('gloo', timeout=timedelta(days=30))


def start_processes(cfg: Config) -> None:
    """Lets the processes of a run talk to one another: by NCCL with GPUs, by gloo without."""
    if cfg.get('launcher', 'none') == 'none' or is_distributed():
        return
    if torch.cuda.is_available():
        init_dist(cfg.launcher, **((cfg.get('env_cfg') or {}).get('dist_cfg') or {}))
    elif cfg.launcher == 'pytorch':
        torch.distributed.init_process_group('gloo')


def on_main_process(function: Callable[[], Result]) -> Result:
    """What a function returns on the main process, on all of them.

    Raises:
        InputError: the function has raised it.
    """
    found: List = [None, None]
    if is_main_process():
        try:
            found[0] = function()
        except InputError as error:
            found[1] = str(error)
    broadcast_object_list(found)
    if found[1] is not None:
        raise InputError(found[1])
    return found[0]
