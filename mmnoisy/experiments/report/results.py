"""Scores of the systems: Table 2, learning curves, the same under other rules."""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from mmnoisy.experiments.report.methods import BASELINE, Method, methods_of
from mmnoisy.experiments.report.sampling import Sampling
from mmnoisy.experiments.report.statistics import Estimate, estimate, paired_difference
from mmnoisy.experiments.runs import Run

BySeed = Mapping[int, Run]
SCORES = ('AP_all', 'MAP')


class ScoreRow(NamedTuple):
    """A row of Table 2."""

    method: Method
    runs: BySeed
    scores: Dict[str, Estimate]
    """``AP_all`` and ``MAP``, in percent."""
    gains: Dict[str, Estimate]
    """Paired differences to the baseline; without a seed in common their mean is NaN."""


def verified_numbers(runs: Sequence[Run]) -> List[int]:
    """The numbers of verified images of a comparison, rising; [0] if no run was given any."""
    return sorted({run.verified for run in runs if run.verified}) or [0]


def runs_at(runs: Sequence[Run], verified: int) -> Dict[str, BySeed]:
    """The runs for a number of verified images, by method and seed, in the order of Table 2.

    A system that is given no verified image (``verified`` 0) is the same for every number.
    """
    chosen = sorted(
        (run for run in runs if run.verified in (0, verified)), key=lambda run: run.verified
    )
    grouped: Dict[str, Dict[int, Run]] = {}
    for run in chosen:
        grouped.setdefault(run.method, {})[run.seed] = run
    return {key: dict(sorted(grouped[key].items())) for key in methods_of(grouped)}


class Step(NamedTuple):
    """From a row of Table 2 to the next better one in AP_all."""

    better: Method
    worse: Method
    gains: Dict[str, Estimate]
    """Paired differences of ``AP_all`` and ``MAP``, in percent."""


def score_rows(
    by_method: Mapping[str, BySeed],
    methods: Mapping[str, Method],
    sampling: Optional[Sampling] = None,
) -> List[ScoreRow]:
    """Table 2: a row for each of the methods that has a run.

    Args:
        by_method: the runs.
        methods: in the order of the rows.
        sampling: of the test images; without it the intervals are those of the seeds.
    """
    baseline = by_method.get(BASELINE, {})
    return [
        ScoreRow(
            method,
            by_method[key],
            {score: _estimate(by_method[key], score, sampling) for score in SCORES},
            _differences(by_method[key], baseline, sampling),
        )
        for key, method in methods.items()
        if key in by_method
    ]


def steps_between(rows: Sequence[ScoreRow], sampling: Optional[Sampling] = None) -> List[Step]:
    """The differences between neighbours in AP_all, best first."""
    ranked = sorted(rows, key=lambda row: -row.scores['AP_all'].mean)
    return [
        Step(better.method, worse.method, _differences(better.runs, worse.runs, sampling))
        for better, worse in zip(ranked, ranked[1:])
    ]


def _values(runs: BySeed, score: str) -> Dict[int, float]:
    return {seed: run.metrics[score] for seed, run in runs.items()}


def _replicates(
    runs: BySeed, score: str, sampling: Optional[Sampling]
) -> Optional[Dict[int, np.ndarray]]:
    """The values on other test images, by seed; None for a score that has none."""
    found = {} if sampling is None else {seed: sampling(run) for seed, run in runs.items()}
    if not all(score in of for of in found.values()):
        return None
    return {seed: of[score] for seed, of in found.items()} or None


def _estimate(runs: BySeed, score: str, sampling: Optional[Sampling]) -> Estimate:
    replicates = _replicates(runs, score, sampling)
    values = [*_values(runs, score).values()]
    return estimate(values, np.stack([*replicates.values()]) if replicates else None)


def _differences(runs: BySeed, others: BySeed, sampling: Optional[Sampling]) -> Dict[str, Estimate]:
    return {
        score: paired_difference(
            _values(runs, score),
            _values(others, score),
            _replicates(runs, score, sampling),
            _replicates(others, score, sampling),
        )
        for score in SCORES
    }


def learning_curve(
    runs: Sequence[Run], methods: Mapping[str, Method], sampling: Optional[Sampling] = None
) -> Dict[int, List[ScoreRow]]:
    """Table 2 for every number of verified images."""
    return {
        number: score_rows(runs_at(runs, number), methods, sampling)
        for number in verified_numbers(runs)
    }


def protocol_scores(
    by_method: Mapping[str, BySeed], sampling: Optional[Sampling] = None
) -> Dict[str, Dict[str, Dict[str, Estimate]]]:
    """Scores under every rule: by rule ('' for the paper's own), method and score.

    A rule that a run was not scored under misses that seed. The intervals of the other rules are
    those of the seeds, since their scores are not made of the verified pairs alone.
    """
    every = [run for by_seed in by_method.values() for run in by_seed.values()]
    rules = ['', *dict.fromkeys(name for run in every for name in run.protocols)]

    def values(runs: BySeed, rule: str, score: str) -> List[float]:
        under = (run.protocols.get(rule, {}) if rule else run.metrics for run in runs.values())
        return [scores[score] for scores in under if score in scores]

    return {
        rule: {
            key: {
                score: estimate(values(by_seed, rule, score))
                if rule
                else _estimate(by_seed, score, sampling)
                for score in SCORES
            }
            for key, by_seed in by_method.items()
        }
        for rule in rules
    }
