"""Processes that share the work of a tool, as started by torchrun."""

from __future__ import annotations

import os
from datetime import timedelta

import torch


def world_size() -> int:
    """The number of processes that were started together."""
    return int(os.environ.get('WORLD_SIZE', 1))


def join_processes() -> None:
    """Lets the processes of a tool talk to one another, if there are several."""
    if world_size() > 1:
        # They wait for the slowest one, and writing a large data set takes hours.
        torch.distributed.init_process_group('gloo', timeout=timedelta(days=30))
