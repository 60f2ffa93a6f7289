"""Scores of the systems: Table 2, learning curves, the same under other rules."""

from __future__ import annotations

from typing import Dict, Hashable, Iterable, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from mmnoisy.errors import InputError
from mmnoisy.experiments.report.methods import BASELINE, Method, methods_of
from mmnoisy.experiments.report.sampling import Sampling
from mmnoisy.experiments.report.statistics import Estimate, estimate, paired_difference
from mmnoisy.experiments.runs import Run

BySeed = Mapping[int, Run]


def shared_scores(runs: Iterable[Run]) -> List[str]:
    """The metrics that all runs have, in the order of the first run.

    Numbers of classes are no score, and categories have a table of their own.

    Raises:
        InputError: there is none.
    """
    first, *others = (run.metrics for run in runs)
    found = [
        name
        for name in first
        if name != 'num_classes' and not name.startswith('MAP_')
        if all(name in metrics for metrics in others)
    ]
    if not found:
        raise InputError(
            f'test_evaluator: the runs have no metric in common, the first has {", ".join(first)}; '
            'give the configs of all systems the same'
        )
    return found


class ScoreRow(NamedTuple):
    """A row of Table 2."""

    method: Method
    runs: BySeed
    scores: Dict[str, Estimate]
    """By name, see :func:`shared_scores`."""
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
    """From a row of Table 2 to the next better one in the first score."""

    better: Method
    worse: Method
    gains: Dict[str, Estimate]
    """Paired differences of the scores."""


def score_rows(
    by_method: Mapping[str, BySeed],
    methods: Mapping[str, Method],
    sampling: Optional[Sampling] = None,
    scores: Optional[Sequence[str]] = None,
) -> List[ScoreRow]:
    """Table 2: a row for each of the methods that has a run.

    Args:
        by_method: the runs.
        methods: in the order of the rows.
        sampling: of the test images; without it the intervals are those of the seeds.
        scores: names of metrics; those that all of these runs share where they are not given.
    """
    if scores is None:
        scores = shared_scores(_every_run(by_method))
    baseline = by_method.get(BASELINE, {})
    return [
        ScoreRow(
            method,
            by_method[key],
            {score: _estimate(by_method[key], score, sampling) for score in scores},
            _differences(by_method[key], baseline, scores, sampling),
        )
        for key, method in methods.items()
        if key in by_method
    ]


def steps_between(rows: Sequence[ScoreRow], sampling: Optional[Sampling] = None) -> List[Step]:
    """The differences between neighbours in the first score, best first."""
    scores = [*rows[0].scores]
    ranked = sorted(rows, key=lambda row: -row.scores[scores[0]].mean)
    return [
        Step(better.method, worse.method, _differences(better.runs, worse.runs, scores, sampling))
        for better, worse in zip(ranked, ranked[1:])
    ]


def _every_run(by_method: Mapping[str, BySeed]) -> List[Run]:
    return [run for by_seed in by_method.values() for run in by_seed.values()]


def _values(runs: BySeed, score: str, rule: str = '') -> Dict[int, float]:
    """The values under a rule by seed, without the runs that have none."""
    under = {
        seed: run.protocols.get(rule, {}) if rule else run.metrics for seed, run in runs.items()
    }
    return {seed: of[score] for seed, of in under.items() if score in of}


def _replicates(
    runs: BySeed, seeds: Iterable[int], name: Hashable, sampling: Optional[Sampling]
) -> Optional[Dict[int, np.ndarray]]:
    """The values on other test images, by seed; None for what has none."""
    found = {} if sampling is None else {seed: sampling(runs[seed]) for seed in seeds}
    if not all(name in of for of in found.values()):
        return None
    return {seed: of[name] for seed, of in found.items()} or None


def _estimate(runs: BySeed, score: str, sampling: Optional[Sampling], rule: str = '') -> Estimate:
    values = _values(runs, score, rule)
    replicates = _replicates(runs, values, (rule, score) if rule else score, sampling)
    return estimate([*values.values()], np.stack([*replicates.values()]) if replicates else None)


def _differences(
    runs: BySeed, others: BySeed, scores: Sequence[str], sampling: Optional[Sampling]
) -> Dict[str, Estimate]:
    return {
        score: paired_difference(
            _values(runs, score),
            _values(others, score),
            _replicates(runs, runs, score, sampling),
            _replicates(others, others, score, sampling),
        )
        for score in scores
    }


def learning_curve(
    runs: Sequence[Run], methods: Mapping[str, Method], sampling: Optional[Sampling] = None
) -> Dict[int, List[ScoreRow]]:
    """Table 2 for every number of verified images, of the scores that all runs share."""
    scores = shared_scores(runs)
    return {
        number: score_rows(runs_at(runs, number), methods, sampling, scores)
        for number in verified_numbers(runs)
    }


def protocol_scores(
    by_method: Mapping[str, BySeed], sampling: Optional[Sampling] = None
) -> Dict[str, Dict[str, Dict[str, Estimate]]]:
    """Scores under every rule: by rule ('' for the paper's own), method and score.

    They are the shared scores that are known under other rules, too. A rule that a run was not
    scored under misses that seed.
    """
    every = _every_run(by_method)
    rules = ['', *dict.fromkeys(name for run in every for name in run.protocols)]
    ruled = {score for run in every for of in run.protocols.values() for score in of}
    shared = shared_scores(every)
    scores = [score for score in shared if score in ruled] or shared
    return {
        rule: {
            key: {score: _estimate(by_seed, score, sampling, rule) for score in scores}
            for key, by_seed in by_method.items()
        }
        for rule in rules
    }
