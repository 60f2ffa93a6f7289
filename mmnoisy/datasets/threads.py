"""Work in threads, for functions that spend their time in NumPy, Arrow or the file system."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, Deque, Iterable, Iterator, Optional, TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')


def map_in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], workers: Optional[int] = None
) -> Iterator[Result]:
    """The results of ``function``, in the order of the items.

    Unlike ``Executor.map`` it takes only a few items ahead of the results that were asked for, so
    that a long or large iterable need not fit into memory.

    Args:
        function: called with one item at a time.
        items: taken in the calling thread.
        workers: number of threads, by default that of the processor cores.
    """
    workers = workers or os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        pending: Deque[Future] = deque()
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
