"""How far a comparison is: one bar for all trainings, which knows how fast each system is."""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from typing import Any, Callable, Dict, Mapping, Tuple

from mmengine.hooks import Hook
from tqdm import tqdm

from mmnoisy.io.progress import progress

_BAR = '{desc}{percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt} steps{postfix}'


class Progress:
    """A bar that names system, seed and stage; in a file it is a line a minute.

    Args:
        left: steps that are left to train, by system.

    Attributes:
        at_once: number of processes that train.
    """

    at_once = 1

    def __init__(self, left: Mapping[str, int]) -> None:
        self.left: Counter = Counter(left)
        self._seconds: Dict[str, float] = defaultdict(float)
        self._done: Counter = Counter()
        self._system, self._since = '', time.monotonic()
        self._bar = progress('', total=sum(left.values()), bar_format=_BAR)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.close()

    def stage(self, system: str, seed: int, stage: str) -> None:
        """Says what is done from now on; its time counts as that of the system."""
        self.count(self._system, 0, self._seconds_since())
        self._system = system
        self.describe(f'{system}, seed {seed}, {stage}')

    def describe(self, text: str) -> None:
        """Says what is done."""
        self._bar.set_description(text, refresh=False)

    def add(self, system: str, steps: int) -> None:
        """More steps than were known before."""
        self.left[system] += steps
        self._bar.total += steps

    def step(self) -> None:
        """One step of the system of this stage is done."""
        self.count(self._system, 1, self._seconds_since())

    def count(self, system: str, steps: int, seconds: float) -> None:
        """Counts what was done for a system, in whichever process.

        Args:
            system: its name.
            steps: that are done.
            seconds: that they took, and what came before them.
        """
        self._seconds[system] += seconds
        if not steps:
            return
        self._done[system] += steps
        self.left[system] = max(0, self.left[system] - steps)
        minutes, seconds = divmod(round(self.seconds_left()), 60)
        self._bar.set_postfix_str(f'{minutes}:{seconds:02d} left', refresh=False)
        self._bar.update(steps)

    def seconds_left(self) -> float:
        """By the time of a step of each system so far; of the mean, where there is none yet."""
        mean = sum(self._seconds.values()) / max(1, sum(self._done.values()))
        seconds = sum(
            steps * (self._seconds[name] / self._done[name] if self._done[name] else mean)
            for name, steps in self.left.items()
        )
        return seconds / self.at_once

    def say(self, text: str) -> None:
        """A line that stays above the bar."""
        tqdm.write(text, file=sys.stderr)

    def _seconds_since(self) -> float:
        """The time since it was asked for before."""
        before, self._since = self._since, time.monotonic()
        return self._since - before


class Reported(Progress):
    """Tells the bar of another process.

    Args:
        send: sends the name of a method of that bar, with its arguments.
    """

    def __init__(self, send: Callable[[Tuple], None]) -> None:
        self._send, self._system, self._since = send, '', time.monotonic()

    def count(self, system: str, steps: int, seconds: float) -> None:
        """Sends it."""
        self._send(('count', system, steps, seconds))

    def describe(self, text: str) -> None:
        """Sends it."""
        self._send(('describe', text))

    def add(self, system: str, steps: int) -> None:
        """Sends it."""
        self._send(('add', system, steps))

    def say(self, text: str) -> None:
        """Sends it."""
        self._send(('say', text))


class StepHook(Hook):
    """Tells a bar of every step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def after_train_iter(self, *_: Any, **__: Any) -> None:
        """Counts it."""
        self._progress.step()
