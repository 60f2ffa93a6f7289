"""How far a comparison is: one bar for all trainings, which knows how fast each system is."""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from typing import Any, Dict, Mapping

from mmengine.hooks import Hook
from tqdm import tqdm

from mmnoisy.io.progress import progress

_BAR = '{desc}{percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt} steps{postfix}'


class Progress:
    """A bar that names system, seed and stage; in a file it is a line a minute.

    Args:
        left: steps that are left to train, by system.
    """

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
        self._count_time()
        self._system = system
        self._bar.set_description(f'{system}, seed {seed}, {stage}', refresh=False)

    def add(self, system: str, steps: int) -> None:
        """More steps than were known before."""
        self.left[system] += steps
        self._bar.total += steps

    def step(self) -> None:
        """One step of the system of this stage is done."""
        self._count_time()
        self._done[self._system] += 1
        self.left[self._system] = max(0, self.left[self._system] - 1)
        minutes, seconds = divmod(round(self.seconds_left()), 60)
        self._bar.set_postfix_str(f'{minutes}:{seconds:02d} left', refresh=False)
        self._bar.update()

    def seconds_left(self) -> float:
        """By the time of a step of each system so far; of the mean, where there is none yet."""
        mean = sum(self._seconds.values()) / max(1, sum(self._done.values()))
        return sum(
            steps * (self._seconds[name] / self._done[name] if self._done[name] else mean)
            for name, steps in self.left.items()
        )

    def say(self, text: str) -> None:
        """A line that stays above the bar."""
        tqdm.write(text, file=sys.stderr)

    def _count_time(self) -> None:
        now = time.monotonic()
        self._seconds[self._system] += now - self._since
        self._since = now


class StepHook(Hook):
    """Tells a bar of every step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def after_train_iter(self, *_: Any, **__: Any) -> None:
        """Counts it."""
        self._progress.step()
