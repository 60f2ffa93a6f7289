"""Which system a comparison recommends, and how surely it is ahead of the next one."""

from __future__ import annotations

import math
from typing import Dict, NamedTuple, Optional, Sequence

import numpy as np

from mmnoisy.experiments.report.methods import Method, is_bound
from mmnoisy.experiments.report.results import BySeed, ScoreRow
from mmnoisy.experiments.report.sampling import SCORES, Sampling
from mmnoisy.experiments.report.statistics import Estimate, paired_difference


class Recommendation(NamedTuple):
    """The system of the highest mean of AP_all and MAP, of those that anybody can train.

    Attributes:
        method: the system.
        scores: those whose mean decides; the first one where AP_all and MAP are not shared.
        mean: of these scores and of the seeds.
        runner_up: the next one; None where there is no other.
        ahead: the paired difference of the means.
    """

    method: Method
    scores: Sequence[str]
    mean: float
    runner_up: Optional[Method] = None
    ahead: Optional[Estimate] = None

    @property
    def is_sure(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return self.ahead is not None and abs(self.ahead.mean) > self.ahead.half_width


def recommend(
    rows: Sequence[ScoreRow], sampling: Optional[Sampling] = None
) -> Optional[Recommendation]:
    """What a comparison recommends; None where all systems are bounds.

    Args:
        rows: of Table 2.
        sampling: of the test images, for the interval.
    """
    scores = [score for score in rows[0].scores if score in SCORES] or [*rows[0].scores][:1]

    def mean(row: ScoreRow) -> float:
        return math.fsum(row.scores[score].mean for score in scores) / len(scores)

    ranked = sorted((row for row in rows if not is_bound(row.method)), key=mean, reverse=True)
    if not ranked:
        return None
    best, *others = ranked
    found = Recommendation(best.method, scores, mean(best))
    if not others:
        return found
    first, second = best.runs, others[0].runs
    ahead = paired_difference(
        _means(first, scores),
        _means(second, scores),
        _replicates(first, scores, sampling),
        _replicates(second, scores, sampling),
    )
    return found._replace(runner_up=others[0].method, ahead=ahead)


def _means(runs: BySeed, scores: Sequence[str]) -> Dict[int, float]:
    return {
        seed: math.fsum(run.metrics[score] for score in scores) / len(scores)
        for seed, run in runs.items()
    }


def _replicates(
    runs: BySeed, scores: Sequence[str], sampling: Optional[Sampling]
) -> Optional[Dict[int, np.ndarray]]:
    if sampling is None or not {*scores} <= {*SCORES}:
        return None
    return {
        seed: np.mean([sampling(run)[score] for score in scores], axis=0)
        for seed, run in runs.items()
    }
