"""Trainings that do not need one another, each in a process of its own with one thread.

A training on features multiplies small matrices: a second thread gains less than a second training
beside it does.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple, TypeVar

import torch
from mmengine.device import get_device
from torch.multiprocessing import ProcessContext, ProcessExitedException, ProcessRaisedException
from torch.multiprocessing.spawn import start_processes

from mmnoisy.errors import InputError
from mmnoisy.experiments.progress import Progress, Reported

Item = TypeVar('Item')

_SECONDS = 0.1  # between looks at how far the processes are
_PATIENCE = 30  # seconds for one to end
_FAILED = 'failed'


def can_fork() -> bool:
    """Whether this process may fork others that train.

    Not where there is a GPU, which does not outlive a fork; on other systems than Linux, where not
    all libraries do; in a process of ``torchrun``; and in a daemon of Python's ``multiprocessing``,
    which may have no children.
    """
    return not (
        not sys.platform.startswith('linux')
        or get_device() != 'cpu'
        or (torch.distributed.is_available() and torch.distributed.is_torchelastic_launched())
        or multiprocessing.current_process().daemon
    )


def number_of_processes(wanted: Optional[int], tasks: int) -> int:
    """How many processes work on some tasks; one, this one, where none can be forked.

    Args:
        wanted: at most; None for one more than PyTorch would use threads, if these are several.
        tasks: number of tasks.
    """
    if wanted is None:
        threads = torch.get_num_threads()
        # One more, so that no core idles while the last of three trainings goes on beside it.
        wanted = threads + 1 if threads > 1 else 1
    return max(1, min(tasks, wanted)) if can_fork() else 1


@contextmanager
def _one_thread(wanted: bool) -> Iterator[None]:
    """The number of threads may change the last bits of a result; it is not to depend on them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if wanted else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def for_each(
    items: Sequence[Item],
    work: Callable[[Item, Progress], Any],
    progress: Progress,
    wanted: Optional[int] = None,
) -> None:
    """Does some work for each item, several at once; what it makes, it leaves in files.

    Args:
        items: need not be such as can be pickled.
        work: is called with an item and where to tell of its steps, in a process that was forked
            from this one, or in this one.
        progress: shows the steps of all.
        wanted: as of :func:`number_of_processes`.

    Raises:
        InputError: a process was killed, or ``work`` raises it; whatever it raises ends the others.
    """
    processes = number_of_processes(wanted, len(items))
    if processes == 1:
        with _one_thread(can_fork()):
            for item in items:
                work(item, progress)
        return
    fork = multiprocessing.get_context('fork')
    messages, turn = fork.SimpleQueue(), fork.Value('l', 0)
    failed: List[Tuple[int, Optional[InputError]]] = []

    def receive() -> None:
        while not messages.empty():
            name, *values = messages.get()
            if name == _FAILED:
                failed.append((values[0], values[1]))
            else:
                getattr(progress, name)(*values)

    progress.at_once = processes
    with _forked(processes, items, work, turn, messages) as forked:
        try:
            while not forked.join(_SECONDS):
                receive()
            receive()
        except ProcessRaisedException:
            receive()
            for number, error in failed[:1]:
                if error is not None:
                    raise error from None
                work(items[number], progress)  # to fail here, where the frames of its error are
            raise
        finally:
            progress.at_once = 1


@contextmanager
def _forked(processes: int, *arguments: Any) -> Iterator[ProcessContext]:
    """Forks processes that do some work, and ends them with the block."""
    # It warns of every process that it ends since another one has failed.
    logging.getLogger(start_processes.__module__).setLevel(logging.ERROR)
    forked = start_processes(
        _work, arguments, processes, join=False, daemon=True, start_method='fork'
    )
    try:
        yield forked
    except ProcessExitedException as error:
        raise InputError(
            f'--processes {processes}: one of them was ended ({error}), as the system does where '
            'memory has run out; give fewer'
        ) from error
    finally:
        for process in forked.processes:
            process.terminate()
        for process in forked.processes:
            process.join(_PATIENCE)
            process.kill()


def _work(
    _: int, items: Sequence[Any], work: Callable[[Any, Progress], Any], turn: Any, messages: Any
) -> None:
    """Takes item after item, in a process of its own."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, _interrupt)
    torch.set_num_threads(1)  # the others of OpenMP are not there after a fork
    progress = Reported(messages.put)
    while True:
        with turn:
            number = turn.value
            turn.value += 1
        if number >= len(items):
            return
        try:
            work(items[number], progress)
        except KeyboardInterrupt:
            sys.exit(1)  # PyTorch takes it for a success
        except Exception as error:
            messages.put((_FAILED, number, error if isinstance(error, InputError) else None))
            raise


def _interrupt(*_: Any) -> None:
    """Ends a process as Ctrl-C does, so that it removes its temporary files; but once."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt
