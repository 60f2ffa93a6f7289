"""``method='auto'``: which method suits a data set, found out on its verified images.

Everything is judged by models that have not seen the verdicts that judge them (cross-fitting on
V). What is cheap comes first: the start is chosen from classifiers that learn T alone, then the
cleaning network, then the method. All methods are tried on one part of V; those that are surely
behind are dropped, and of the others as many are tried on the rest as a bounded number of steps
allows (successive halving, `Jamieson and Talwalkar <https://arxiv.org/abs/1502.07943>`_). What is
left of it repeats the last comparison with other parts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

import mmnoisy.components  # noqa: F401
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError, like
from mmnoisy.experiments import portfolio
from mmnoisy.experiments.decision import (
    Scored,
    averaged,
    decide,
    draws,
    interval,
    scored,
    scored_by_part,
    share_right,
    surely_behind,
)
from mmnoisy.experiments.portfolio import BASELINE, CLEANER, FAST, METHODS, SOFT, START, Candidate
from mmnoisy.experiments.trials import Trials

COST = 4
"""Steps of a choice and of what it ends in, by those of one run of its most costly method."""
REPEATS = 3
"""Divisions of V into parts, at most."""


class Choice(NamedTuple):
    """The method that was chosen.

    Attributes:
        method: the candidate.
        settings: what is changed in its config, by ``key.subkey``.
        start: the checkpoint that its training begins with.
        config: of the training on all of T and V, on features;
            :func:`mmnoisy.engine.partial_training.train_here` trains it.
        tried: what was tried, by what it was tried for, ``start``, ``cleaner`` and ``methods``,
            the simplest first; numbers and texts only.
        cross_fitted: (2, P) float32, scores and cleaned labels of the verified pairs of V, by
            models that have not seen them.
        trials: all candidates, before V.
    """

    method: Candidate
    settings: Dict[str, Any]
    start: Path
    config: Config
    tried: Dict[str, Any]
    cross_fitted: np.ndarray
    trials: Trials


def choose(
    index: Path,
    features: Path,
    out: Path,
    seed: int = 0,
    options: Optional[Mapping[str, Any]] = None,
    only: Sequence[str] = METHODS,
) -> Choice:
    """Chooses a method on V; the same call goes on where it was ended.

    Args:
        index: folder of the label indexes.
        features: folder of their feature banks.
        out: folder of what was trained and scored on the way.
        seed: of all trainings and of the parts of V.
        options: settings that replace those of all methods, by ``key.subkey``.
        only: names of the methods to choose from.

    Raises:
        InputError: the data cannot be used, V is too small, or ``out`` is of another choice.
    """
    unknown = [name for name in only if name not in METHODS]
    if unknown:
        raise InputError(
            f'--method {unknown[0]}: is none{like(unknown[0], METHODS)}; methods are auto, '
            f'{", ".join(METHODS)}'
        )
    if not MMLogger.check_instance_created('mmnoisy'):  # no list of all weights of every model
        MMLogger.get_instance('mmnoisy', log_level='WARNING')
    init_default_scope('mmpretrain')
    facts = portfolio.facts(LabelIndex.open(Path(index) / 'train'))
    starts = portfolio.starts(facts['confident'])
    settings = {**(options or {}), 'index': str(Path(index).resolve())}
    trials = Trials(Path(features), Path(out), seed, settings, starts[0])
    if trials.num_verified < 2:
        raise InputError(
            f'{index}/validation: has {trials.num_verified} verified image; verify more, since two '
            'are the least to choose a method on'
        )
    choosing = _Choosing(trials)
    soft = choosing.start(starts)
    passes = choosing.cleaner(portfolio.cleaners(soft))
    candidates = portfolio.methods(soft, passes, facts['weight'])
    chosen = choosing.method([one for one in candidates if one.name in only])
    begins = trials.begun[chosen.begins_with]
    with trials.showing({begins: None}):
        start = trials.weights(begins)
    cross_fitted = choosing.scores(chosen.name)
    config = trials.config(chosen.name)
    changes = {**chosen.changes, **(options or {})}
    return Choice(chosen, changes, start, config, choosing.tried, cross_fitted, trials)


class _Choosing:
    """The way to a choice, and its account."""

    def __init__(self, trials: Trials) -> None:
        self.trials, self.pairs = trials, trials.pairs
        self.counts = draws(trials.num_verified)
        self.tried: Dict[str, Any] = {}
        self.spent = 0

    def start(self, candidates: List[Candidate]) -> bool:
        """Chooses what all begins with; whether labels count by their confidences from then on."""
        found: Dict[str, Scored] = {}

        def attempt(some: List[Candidate]) -> str:
            for one in some:
                self.trials.add(one)
            with self.trials.showing({one.name: None for one in some}):
                for one in some:
                    self.spent += self.trials.steps(one.name)
                    on_v = self.trials.on_v(one.name)
                    found[one.name] = scored(on_v, self.pairs, self.counts)
            return self._decided('start', candidates, found)

        first = attempt([one for one in candidates if not one.name.endswith(FAST)])
        chosen = attempt([one for one in candidates if one.name == first + FAST])
        self.trials.begun[START] = chosen
        return SOFT in chosen

    def cleaner(self, candidates: List[Candidate]) -> Optional[int]:
        """Chooses how long the cleaning network learns; passes over V at most."""
        for one in candidates:
            self.trials.add(one)
        short, full = candidates
        if self.trials.steps(full.name) < 2 * self.trials.steps(short.name):
            candidates = [full]
        every = range(self.trials.folds)
        errors: Dict[str, np.ndarray] = {}
        with self.trials.showing({one.name: every for one in candidates}):
            for one in candidates:
                self.spent += self.trials.trial_steps(one.name, every)
                cleaned = self.trials.cross_fitted(one.name)[1]
                squares = np.square(cleaned - self.pairs.present)
                errors[one.name] = share_right(squares, self.pairs, self.counts) / 100
        # Without a rated noisy label there is nothing to choose by.
        known = {name: -values for name, values in errors.items() if not np.isnan(values[0])}
        chosen = decide(known).chosen if known else candidates[0].name
        self.tried['cleaner'] = [
            dict(name=one.name, text=one.text, squared_error=interval(errors[one.name]))
            for one in candidates
        ]
        self.trials.begun[CLEANER] = chosen
        return None if chosen == full.name else portfolio.FEW_PASSES

    def method(self, candidates: List[Candidate]) -> Candidate:
        """Chooses among methods, the simplest first."""
        trials, names = self.trials, [one.name for one in candidates]
        for one in candidates:
            trials.add(one)
        left = self._steps_left(names)
        found: Dict[str, Scored] = {}
        kept, left = self._halved([name for name in names if name != BASELINE], left)
        rest = range(1, trials.folds)
        with trials.showing(dict.fromkeys(kept, rest)):
            for name in kept:
                left -= trials.trial_steps(name, rest)
                found[name] = self._scored(name, 1)
        every = range(trials.folds)
        repeat = trials.trial_steps(trials.begun[CLEANER], every)
        repeat += sum(trials.trial_steps(name, every) for name in kept)
        repeats = 1 + min(REPEATS - 1, max(0, left // repeat))
        if len(kept) > 1 and repeats > 1:
            again = dict.fromkeys([trials.begun[CLEANER], *kept], every)
            with trials.showing(again, (1, repeats)):
                found.update({name: self._scored(name, repeats) for name in kept})
        else:
            repeats = 1
        if BASELINE in names:
            found[BASELINE] = self._scored(BASELINE, repeats)
        chosen = self._decided('methods', candidates, found)
        return next(one for one in candidates if one.name == chosen)

    def scores(self, name: str) -> np.ndarray:
        """Scores and cleaned labels of a method, (2, P), by models that have not seen them."""
        if name != BASELINE:
            return self.trials.cross_fitted(name)
        cleaned = self.trials.cross_fitted(self.trials.begun[CLEANER])[1]
        return np.stack([self.trials.on_v(self.trials.begun[START]), cleaned])

    def _steps_left(self, names: Sequence[str]) -> int:
        """For trials: what the bound leaves beside what was spent and the final training."""
        trials, final = self.trials, max(self.trials.steps(name) for name in names)
        begun = trials.steps(trials.begun[CLEANER])
        one_run = trials.steps(trials.begun[START]) + begun + final
        return COST * one_run - self.spent - begun - final

    def _halved(self, names: List[str], left: int) -> Tuple[List[str], int]:
        """The methods to try on all parts of V, by their scores on the first one.

        Returns:
            Their names, and how many steps are left.
        """
        if len(names) < 2:
            return names, left
        trials, first = self.trials, {}
        with trials.showing({name: [0] for name in names}):
            for name in names:
                left -= trials.trial_steps(name, [0])
                first[name] = self._by_part(trials.cross_fitted(name, [0])[0], 0)
        self._tell('first_part', first)
        if any(np.isnan(of_part.mean[0]) for of_part in first.values()):
            return names, left  # nothing is present in that part
        means = {name: of_part.mean for name, of_part in first.items()}
        behind = surely_behind(means)
        rest = range(1, trials.folds)
        costs = {name: trials.trial_steps(name, rest) for name in names if name not in behind}
        kept = affordable({name: means[name][0] for name in costs}, costs, left)
        return [name for name in names if name in kept], left

    def _scored(self, name: str, repeats: int) -> Scored:
        """A method on all of V."""
        if name == BASELINE:
            on_v = self.trials.on_v(self.trials.begun[START])
            return averaged([self._by_part(on_v, k) for k in range(repeats)])
        return averaged(
            [self._by_part(self.trials.cross_fitted(name, repeat=k)[0], k) for k in range(repeats)]
        )

    def _by_part(self, score: np.ndarray, repeat: int) -> Scored:
        """Scores of the pairs of V, within the parts of a division."""
        fold = self.trials.fold_of_images(repeat)
        return scored_by_part(score, self.pairs, self.counts, fold)

    def _decided(
        self, what: str, candidates: Sequence[Candidate], found: Mapping[str, Scored]
    ) -> str:
        """Decides, and keeps the account."""
        values = {one.name: found[one.name].mean for one in candidates if one.name in found}
        decision = decide(values)
        texts = {one.name: one.text for one in candidates}
        self._tell(what, {name: found[name] for name in values})
        for row in self.tried[what]:
            row.update(
                text=texts[row['name']],
                behind=decision.behind[row['name']],
                chosen=row['name'] == decision.chosen,
            )
        return decision.chosen

    def _tell(self, what: str, found: Mapping[str, Scored]) -> None:
        self.tried[what] = [
            dict(
                name=name,
                AP_all=interval(of_name.AP_all),
                MAP=interval(of_name.MAP),
                mean=interval(of_name.mean),
            )
            for name, of_name in found.items()
        ]


def affordable(values: Mapping[str, float], costs: Mapping[str, int], left: int) -> List[str]:
    """The methods of the highest values whose costs together are within a bound; at least one.

    Args:
        values: by method.
        costs: by method.
        left: the bound.
    """
    kept = sorted(values, key=lambda name: -values[name])
    while len(kept) > 1 and sum(costs[name] for name in kept) > left:
        kept.pop()
    return kept
