"""Times two ways of doing the same thing, in turns, so that both meet the same machine."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from statistics import median
from typing import Any, Callable, Iterator, Sequence

import cv2
import numpy as np
import torch


@contextmanager
def one_core() -> Iterator[None]:
    """Keeps this process, OpenCV and PyTorch on one core, where the system allows it."""
    threads = cv2.getNumThreads(), torch.get_num_threads()
    cores = os.sched_getaffinity(0) if hasattr(os, 'sched_getaffinity') else None
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    if cores:
        os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        cv2.setNumThreads(threads[0])
        torch.set_num_threads(threads[1])
        if cores:
            os.sched_setaffinity(0, cores)


def in_turns(
    ours: Callable[[], object], alternative: Callable[[], object], repeats: int
) -> tuple[float, float]:
    """Median seconds of a call of each, after one call of each that does not count."""
    first, second = all_in_turns([ours, alternative], repeats)
    return first, second


def all_in_turns(functions: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """The same of any number of functions."""
    seconds: list[list[float]] = [[] for _ in functions]
    # glibc gives memory back to the system at every picture until a block of this size was freed,
    # which building a model does before the workers of a training start.
    np.empty(2**24, np.uint8)
    with one_core():
        for _ in range(repeats + 1):
            for function, taken in zip(functions, seconds):
                start = time.perf_counter()
                function()
                taken.append(time.perf_counter() - start)
    return [median(taken[1:]) for taken in seconds]


def result(name: str, ours: float, alternative: float, goal: float, **more: Any) -> dict:
    """The result of a benchmark, with seconds of ours and of the alternative.

    Args:
        name: of the benchmark.
        ours: seconds.
        alternative: seconds.
        goal: the largest ratio ``ours / alternative`` that was hoped for.
        **more: what else was measured or set.
    """
    ratio = ours / alternative
    return dict(
        name=name,
        ours=ours,
        alternative=alternative,
        ratio=ratio,
        goal=goal,
        holds=ratio <= goal,
        **more,
    )


def table(result: dict) -> str:
    """The result as one line for each entry."""
    width = max(map(len, result))
    shown = {k: f'{v:.4g}' if isinstance(v, float) else str(v) for k, v in result.items()}
    return '\n'.join(f'{key:{width}}  {value}' for key, value in shown.items())
