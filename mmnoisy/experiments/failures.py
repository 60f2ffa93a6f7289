"""The time that failures cost a long run, and how often it should save (pure).

A run works for ``interval`` seconds, stops for ``cost`` to save, and so on. Failures come at
random, one in ``mtbf`` seconds on average; each takes back what was not saved, and ``restart``
seconds more, in which the next one may come. J. T. Daly, "A higher order estimate of the optimum
checkpoint interval for restart dumps", 2006, has the expected time in closed form; J. W. Young,
1974, the first estimate of the best interval. A job by shards is the same: a finished shard is
saved, at no cost.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np
from scipy.special import lambertw


class Failures(NamedTuple):
    """What a run has to expect, in seconds.

    Attributes:
        mtbf: mean time between failures, of any of its machines.
        restart: from a failure to the next step.
        cost: of a checkpoint, in which nothing else is done.
        warned: share of failures that are told beforehand, so that the run saves; in the paper 0.
    """

    mtbf: float
    restart: float
    cost: float
    warned: float = 0.0


def expected_time(work: float, interval: float, failures: Failures) -> float:
    """Daly's complete formula: the expected seconds of ``work`` seconds, none of them warned.

    It holds where the work is a whole number of intervals, the last of which is saved too.
    """
    mtbf, restart, cost, _ = failures
    attempts = np.expm1((interval + cost) / mtbf)
    return float(mtbf * np.exp(restart / mtbf) * attempts * work / interval)


def best_interval(failures: Failures) -> float:
    """Where Daly's complete formula is smallest, exactly."""
    ratio = failures.cost / failures.mtbf
    return float(failures.mtbf * (1 + lambertw(-np.exp(-1 - ratio)).real))


def young_interval(failures: Failures) -> float:
    """Young's estimate of it."""
    return float(np.sqrt(2 * failures.cost * failures.mtbf))


def daly_interval(failures: Failures) -> float:
    """Daly's estimate of it."""
    share = failures.cost / (2 * failures.mtbf)
    if share >= 1:
        return failures.mtbf
    return float(young_interval(failures) * (1 + np.sqrt(share) / 3 + share / 9) - failures.cost)


def simulate(
    rng: np.random.Generator, work: float, interval: float, failures: Failures, runs: int
) -> Tuple[float, float]:
    """The seconds of ``work`` seconds, mean of so many runs and its standard error."""
    times = [_one_run(rng, work, interval, failures) for _ in range(runs)]
    return float(np.mean(times)), float(np.std(times, ddof=1) / np.sqrt(runs))


def _one_run(rng: np.random.Generator, work: float, interval: float, failures: Failures) -> float:
    mtbf, restart, cost, warned = failures
    elapsed = saved = 0.0
    while True:
        left = work - saved
        needed = left + np.ceil(left / interval - 1e-9) * cost
        until = rng.exponential(mtbf)
        if until >= needed:
            return elapsed + needed
        intervals, begun = divmod(until, interval + cost)
        if rng.random() < warned:
            saved += min(begun, interval)
        saved = min(work, saved + intervals * interval)
        elapsed += until
        again = rng.exponential(mtbf)
        while again < restart:
            elapsed += again
            again = rng.exponential(mtbf)
        elapsed += restart
