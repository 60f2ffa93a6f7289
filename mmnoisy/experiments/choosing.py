"""The steps of a choice on V: start, cleaning network, learning rates, method."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

import numpy as np
from scipy.special import expit, logit

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
from mmnoisy.experiments.portfolio import (
    BASELINE,
    BY_RATE,
    CLEANER,
    MEMBERS,
    SOFT,
    SOUP,
    START,
    TEACHER,
    Candidate,
)
from mmnoisy.experiments.trials import Trials

COST = 4
"""Steps of a choice and of what it ends in, by those of one run of its most costly method."""
_LEAST = 1e-6
REPEATS = 3
"""Divisions of V into parts, at most."""


class Choosing:
    """The way to a choice, and its account.

    Args:
        trials: that train and score candidates.

    Attributes:
        tried: what was tried so far.
    """

    def __init__(self, trials: Trials) -> None:
        self.trials, self.pairs = trials, trials.pairs
        self.counts = draws(trials.num_verified)
        self.tried: Dict[str, Any] = {}
        self.spent = 0

    def start(self, candidates: List[Candidate]) -> bool:
        """Chooses what all begins with; whether labels count by their confidences from then on.

        Args:
            candidates: the last is chosen unless another one is surely ahead.
        """
        found: Dict[str, Scored] = {}

        def attempt(*ones: Candidate) -> None:
            for one in ones:
                self.trials.add(one)
                self.spent += self.trials.steps(one.name)
            with self.trials.showing(dict.fromkeys(one.name for one in ones)):
                self.trials.trainer.at_once(self.trials.on_v, [(one.name,) for one in ones])
            for one in ones:
                found[one.name] = scored(self.trials.on_v(one.name), self.pairs, self.counts)

        attempt(*candidates)
        chosen = self._decided('start', candidates, found, candidates[-1].name)
        tried = [one for one in candidates if one.name == chosen]
        for one in portfolio.with_fast_biases(tried[0]):
            attempt(one)
            tried.append(one)
            chosen = self._decided('biases', tried, found)
            if chosen != one.name:
                break  # what goes further the same way is no better
        self.trials.begun[START] = chosen
        return SOFT in chosen

    def cleaner(self, candidates: List[Candidate]) -> Candidate:
        """Chooses how much classes may differ for the cleaning network."""
        errors: Dict[str, np.ndarray] = {}
        self._cross_fit(candidates[:2])  # both are looked at
        for one in candidates:
            errors[one.name] = self._squared_error(one)
            best = min(errors, key=lambda name: errors[name][0])
            if best != one.name:
                break  # what goes further the same way is no better
        # Not the simplest within noise: none is simpler than another.
        self._tell_errors(CLEANER, candidates, errors)
        self.trials.begun[CLEANER] = best
        return next(one for one in candidates if one.name == best)

    def teacher(self, candidates: List[Candidate]) -> None:
        """Chooses how long the teacher learns."""
        for one in candidates:
            self.trials.add(one)
        short, full = candidates
        if self.trials.steps(full.name) < 2 * self.trials.steps(short.name):
            candidates = [full]
        self._cross_fit(candidates)
        errors = {one.name: self._squared_error(one) for one in candidates}
        # Without a rated noisy label there is nothing to choose by.
        known = {name: -values for name, values in errors.items() if not np.isnan(values[0])}
        chosen = decide(known).chosen if known else candidates[0].name
        self._tell_errors(TEACHER, candidates, errors)
        self.trials.begun[TEACHER] = chosen

    def _squared_error(self, one: Candidate) -> np.ndarray:
        """Of the cleaned labels of a candidate where the noisy ones are rated, (1 + B,)."""
        self._cross_fit([one])
        self.spent += self.trials.trial_steps(one.name, range(self.trials.folds))
        cleaned = self.trials.cross_fitted(one.name)[1]
        squares = np.square(cleaned - self.pairs.present)
        return share_right(squares, self.pairs, self.counts) / 100

    def _cross_fit(self, candidates: Sequence[Candidate]) -> None:
        """Makes candidates known, and judges them on all parts of V."""
        for one in candidates:
            self.trials.add(one)
        self.trials.cross_fit({one.name: range(self.trials.folds) for one in candidates})

    def _tell_errors(
        self, what: str, candidates: List[Candidate], errors: Mapping[str, np.ndarray]
    ) -> None:
        self.tried[what] = [
            dict(name=one.name, text=one.text, squared_error=interval(errors[one.name]))
            for one in candidates
            if one.name in errors
        ]

    def rate(self, facts: Mapping[str, Any]) -> float:
        """Chooses the factor of the learning rates, on the first part of V by one method.

        Args:
            facts: arguments of :func:`mmnoisy.experiments.portfolio.methods`.
        """
        found: Dict[str, Scored] = {}
        tried: List[Candidate] = []
        for factor in portfolio.RATES:
            (one,) = [o for o in portfolio.methods(**facts, factor=factor) if o.name == BY_RATE]
            self.trials.add(one)
            self.spent += self.trials.trial_steps(one.name, [0])
            self.trials.cross_fit({one.name: [0]})
            score = self.trials.cross_fitted(one.name, [0])[0]
            tried.append(one._replace(name=one.key, text=f'{factor:.3g} times the rates'))
            found[one.key] = self._by_part(score, 0)
            if np.isnan(found[one.key].mean[0]):
                return 1.0  # nothing is present in that part
            chosen = self._decided('rate', tried, found)
            if chosen != one.key:
                break
        return next(one.factor for one in tried if one.name == chosen)

    def method(self, candidates: List[Candidate]) -> Candidate:
        """Chooses among methods, the simplest first."""
        trials, names = self.trials, [one.name for one in candidates]
        members = [name for name in MEMBERS if SOUP in names and name not in names]
        trained = [name for name in (*names, *members) if name not in (BASELINE, SOUP)]
        every = range(trials.folds)
        together = dict.fromkeys([trials.begun[TEACHER], *trained], every)
        steps = sum(trials.trial_steps(name, every) for name in together)
        repeats = max(1, min(REPEATS, self._steps_left(names) // steps)) if len(names) > 1 else 1
        found: Dict[str, Scored] = {}
        trials.cross_fit(together, (0, repeats))
        for name in (*trained, BASELINE, SOUP):
            if name in (*names, *members):
                found[name] = self._scored(name, repeats)
        chosen = self._decided('methods', candidates, found, SOUP)
        return next(one for one in candidates if one.name == chosen)

    def scores(self, name: str) -> np.ndarray:
        """Scores of a method and cleaned labels, (2, P), by models that have not seen them."""
        cleaned = self.trials.cross_fitted(self.trials.begun[CLEANER])[1]
        return np.stack([self._on_v(name), cleaned])

    def _on_v(self, name: str, repeat: int = 0) -> np.ndarray:
        """Scores of a method on V, (P,), by models that have not seen it."""
        if name == BASELINE:
            return self.trials.on_v(self.trials.begun[START])
        if name == SOUP:  # the mean of weights has the mean of logits
            scores = [self.trials.cross_fitted(member, repeat=repeat)[0] for member in MEMBERS]
            return expit(np.mean(logit(np.clip(scores, _LEAST, 1 - _LEAST)), axis=0))
        return self.trials.cross_fitted(name, repeat=repeat)[0]

    def _steps_left(self, names: Sequence[str]) -> int:
        """For trials: what the bound leaves beside what was spent and the final training."""
        trials = self.trials
        begun = sum(trials.steps(trials.begun[stage]) for stage in (CLEANER, TEACHER))
        most = max(trials.steps(name) for name in names)
        final = sum(map(trials.steps, MEMBERS)) if SOUP in names else most
        one_run = trials.steps(trials.begun[START]) + begun + most
        return COST * one_run - self.spent - begun - final

    def _scored(self, name: str, repeats: int) -> Scored:
        """A method on all of V."""
        return averaged([self._by_part(self._on_v(name, k), k) for k in range(repeats)])

    def _by_part(self, score: np.ndarray, repeat: int) -> Scored:
        """Scores of the pairs of V, within the parts of a division."""
        fold = self.trials.fold_of_images(repeat)
        return scored_by_part(score, self.pairs, self.counts, fold)

    def _decided(
        self,
        what: str,
        candidates: Sequence[Candidate],
        found: Mapping[str, Scored],
        preferred: str = '',
    ) -> str:
        """Decides, and keeps the account; ``preferred`` is chosen where none is surely ahead."""
        values = {one.name: found[one.name].mean for one in candidates if one.name in found}
        decision = decide(values)
        if preferred in values and preferred not in surely_behind(values):
            decision = decision._replace(chosen=preferred)
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
