"""The most memory that something takes, in a process of its own."""

from __future__ import annotations

import multiprocessing
import resource
from pathlib import Path
from typing import Any, Callable

import torch

STEPS = 3


def peak_memory(step_of: Callable[..., Callable[[], None]], *args: Any) -> float:
    """MB of a model, its optimizer and its steps; on a GPU those of its own memory.

    Args:
        step_of: makes a function that trains a step, given ``args``; importable.
        *args: of it, with a ``device`` in the last one.
    """
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return pool.apply(_peak, (step_of, *args))


def _peak(step_of: Callable[..., Callable[[], None]], *args: Any) -> float:
    before = _resident('VmRSS')
    step = step_of(*args)
    for _ in range(STEPS):
        step()
    if args[-1].device.startswith('cuda'):
        return torch.cuda.max_memory_allocated() / 1e6
    return (_resident('VmHWM') - before) / 1e3


def _resident(entry: str) -> int:
    """Memory of this process in kB; Linux only: elsewhere the peak is that of the parent, too."""
    status = Path('/proc/self/status')
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.read_text().split(f'{entry}:')[1].split()[0])
