"""How far a comparison is: one bar for all trainings, which knows how fast each system is."""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from typing import Any, Dict, Mapping

from mmengine.hooks import Hook
from tqdm import tqdm

_BAR = '{desc}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} steps{postfix}'
_MINUTE = 60.0


class Progress:
    """A bar that names system, seed and stage; in a file it is a line a minute.

    Args:
        left: steps that are left to train, by system.
    """

    def __init__(self, left: Mapping[str, int]) -> None:
        self.left: Counter = Counter(left)
        self._seconds: Dict[str, float] = defaultdict(float)
        self._done: Counter = Counter()
        self._system, self._what, self._since = '', '', time.monotonic()
        self._said = self._since
        # In a terminal only.
        self._bar = tqdm(total=sum(left.values()), bar_format=_BAR, disable=None)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.close()

    def stage(self, system: str, seed: int, stage: str) -> None:
        """Says what is done from now on; its time counts as that of the system."""
        self._count_time()
        self._system = system
        self._what = f'{system}, seed {seed}, {stage}'
        self._bar.set_description(self._what, refresh=False)

    def add(self, system: str, steps: int) -> None:
        """More steps than were known before."""
        self.left[system] += steps
        self._bar.total = (self._bar.total or 0) + steps

    def step(self) -> None:
        """One step of the system of this stage is done."""
        self._count_time()
        self._done[self._system] += 1
        self.left[self._system] = max(0, self.left[self._system] - 1)
        minutes, seconds = divmod(round(self.seconds_left()), 60)
        left = f'{minutes}:{seconds:02d} left'
        self._bar.set_postfix_str(left, refresh=False)
        self._bar.update()
        if self._bar.disable and self._since - self._said > _MINUTE:
            self._said = self._since
            self.say(f'{self._what}; {left}')

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
