"""The warning that a run will be ended, by Slurm or of a spot instance."""

from __future__ import annotations

import os
import signal
from functools import partial
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import Any, Callable, Dict, Optional

from torch.utils.data import DataLoader

# Windows lacks the second.
NUMBERS = [getattr(signal, name) for name in ('SIGTERM', 'SIGUSR1') if hasattr(signal, name)]


class StopSignals:
    """Remembers a warning in place of ending at once, inside a ``with`` block.

    Attributes:
        received: the last signal; None while there was none.
    """

    def __init__(self) -> None:
        self.received: Optional[signal.Signals] = None
        self._before: Dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopSignals:
        if current_thread() is main_thread():  # no other one may
            self._before = {one: signal.signal(one, self._remember) for one in NUMBERS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, frame: Optional[FrameType]) -> None:
        self.received = signal.Signals(number)


def shield_workers(loader: DataLoader) -> None:
    """Leaves a warning to the process that trains, so that its workers still load for it.

    Whoever warns a group of processes, as ``torchrun`` and Slurm do, warns its workers, too.
    """
    loader.worker_init_fn = partial(_begin_worker, loader.worker_init_fn)


def _begin_worker(begin: Optional[Callable[[int], None]], worker: int) -> None:
    if hasattr(signal, 'SIGUSR1'):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if hasattr(signal, 'sigwaitinfo'):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        Thread(target=_obey_parent, daemon=True).start()
    if begin is not None:
        begin(worker)


def _obey_parent() -> None:
    """Ends this worker where the process that it loads for says so, and nobody else."""
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
