"""Candidates on V by models that have not seen its verdicts: the trials of ``auto``."""

from __future__ import annotations

from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from mmengine.config import Config

from mmnoisy.engine.config import load_config
from mmnoisy.engine.sets import trained_on
from mmnoisy.engine.trained_model import load_classifier
from mmnoisy.engine.transforms import at_rate
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.decision import Pairs
from mmnoisy.experiments.evaluation import are_noisy, scores_of_pairs, verified_pairs
from mmnoisy.experiments.portfolio import START, TEACHER, Candidate
from mmnoisy.experiments.progress import Progress
from mmnoisy.experiments.search import Recipe
from mmnoisy.experiments.settings import number_of_steps
from mmnoisy.experiments.systems import System, config_path
from mmnoisy.experiments.training import Trainer
from mmnoisy.io.atomic import atomic_path
from mmnoisy.io.shards import Blocks

FOLDS = 3
PART = 1 / 3
"""Of the steps of a training on T and V, in a trial."""


class Trials:
    """Trains candidates with the trainer of comparisons; what is done stays in its folder.

    Args:
        features: folder of the feature banks.
        out: folder of all that is kept.
        seed: of all trainings and of the folds.
        options: settings that replace those of all configs, ``index`` among them.
        first: a candidate, whose config names the data.
        processes: see :func:`mmnoisy.experiments.processes.number_of_processes`.

    Attributes:
        data: T, V and test.
        trainer: of :mod:`mmnoisy.experiments.training`.
        begun: the names of the start, the cleaning network and the teacher, by ``START``,
            ``CLEANER`` and ``TEACHER``.
        folds: K, number of parts of V.
        pairs: the verified pairs of V.
    """

    def __init__(
        self,
        features: Path,
        out: Path,
        seed: int,
        options: Mapping[str, Any],
        first: Candidate,
        processes: Optional[int] = None,
    ) -> None:
        self.features, self.out, self.seed, self.options = features, out.resolve(), seed, options
        self.begun: Dict[str, str] = {}
        self._systems: Dict[str, System] = {}
        self._known: Dict[str, Candidate] = {}
        self.add(first)
        self.data = Data(self._systems[first.key].cfg)
        self.trainer = Trainer(self.data, self.out, self._systems, {}, processes=processes)
        self.num_verified = len(self.data.validation)
        self.folds = min(FOLDS, self.num_verified)
        self.pairs = _pairs(self.data)

    def add(self, one: Candidate) -> None:
        """Makes a candidate known by its name, which begins with what is begun so far."""
        options: Dict[str, Any] = {**one.changes, **self.options}
        cfg = load_config(config_path(one.system), None, options, 'none', self.features)
        begins = self._known[self.begun[one.begins_with]].key if one.begins_with else None
        cfg.load_from = begins
        cfg.pop('experiment', None)
        if one.average_with:
            keys = [self._known[name].key for name in one.average_with]
            cfg.experiment = dict(average_with=keys)
        if one.factor != 1:
            cfg = at_rate(cfg, one.factor)
        self._systems[one.key], self._known[one.name] = System(one.key, cfg), one

    def candidate(self, name: str) -> Candidate:
        """One that was added."""
        return self._known[name]

    def config(self, name: str, begin: str = '') -> Config:
        """The config of a candidate on all of V, with the weights that it begins with.

        Args:
            name: of the candidate.
            begin: a checkpoint with other weights to begin with.
        """
        return self.trainer.config(self._job(name), Recipe(), self._all(), begin)

    def train(self, name: str, cfg: Config, stage: str) -> Any:
        """The model of a candidate, trained with a config of :meth:`config` that was changed."""
        return self.trainer.train(self._job(name), cfg, stage)

    def system(self, name: str) -> str:
        """The name of a candidate in bars and folders."""
        return self._known[name].key

    def steps(self, name: str, on: Optional[int] = None, trial: bool = False) -> int:
        """Of a training.

        Args:
            name: of the candidate.
            on: number of verified images; None for all.
            trial: as one on T and V is shortened in trials.
        """
        cfg = self._systems[self._known[name].key].cfg
        sizes = {'train': len(self.data.train), 'validation': on or self.num_verified}
        steps = number_of_steps(cfg, sizes)
        return ceil(steps * PART) if trial and len({*trained_on(cfg)}) > 1 else steps

    def trial_steps(self, name: str, folds: Sequence[int]) -> int:
        """Of the trials of a candidate on some parts of V."""
        fold = self.fold_of_images(0)
        return sum(self.steps(name, int((fold != k).sum()), trial=True) for k in folds)

    @contextmanager
    def showing(
        self, planned: Mapping[str, Optional[Sequence[int]]], repeats: Tuple[int, int] = (0, 1)
    ) -> Iterator[None]:
        """Shows how far the trainings of some candidates are that are not done yet.

        Args:
            planned: the parts of V to judge, by candidate; None for a training on all of V.
            repeats: the number of the division into parts to begin with, and of the first that is
                not to be judged.
        """
        left: Dict[str, int] = {}
        for name, folds in planned.items():
            key = self._known[name].key
            if folds is None:
                left[key] = 0 if self._weights(name).exists() else self.steps(name)
            else:
                missing = [k for k, _ in self._missing(name, folds, repeats)]
                left[key] = self.trial_steps(name, missing)
        with Progress(left) as self.trainer.progress:
            yield

    def train_all(self, names: Iterable[str]) -> None:
        """Trains candidates on all of V, where what they begin with is there."""
        missing = [name for name in names if not self._weights(name).exists()]
        if missing:
            with self.showing(dict.fromkeys(missing)):
                self.trainer.at_once(self.weights, [(name,) for name in missing])

    def cross_fit(
        self, planned: Mapping[str, Sequence[int]], repeats: Tuple[int, int] = (0, 1)
    ) -> None:
        """Judges candidates on parts of V where they are not judged yet.

        Args:
            planned: as of :meth:`showing`.
            repeats: as of :meth:`showing`.
        """
        cells = [
            (name, [k], repeat)
            for name, folds in planned.items()
            for k, repeat in self._missing(name, folds, repeats)
        ]
        if not cells:
            return
        cells.sort(key=lambda cell: -self.trial_steps(*cell[:2]))  # the longest first
        teacher = self.begun.get(TEACHER)
        with self.showing(planned, repeats):
            for first in (True, False):  # others begin with the teacher of the same part
                self.trainer.at_once(
                    self.cross_fitted, [cell for cell in cells if (cell[0] == teacher) == first]
                )

    def weights(self, name: str) -> Path:
        """The weights of a candidate on all of V; trained where they are not there yet."""
        path = self._weights(name)
        if not path.exists():
            for member in self._known[name].average_with:
                self.weights(member)
            model = self.trainer.train(self._job(name), self.config(name), 'training')
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as part:
                self.trainer.save(model, part)
        return path

    def on_v(self, name: str) -> np.ndarray:
        """What a classifier that has not learned from V says of its pairs, (P,)."""
        blocks = self._blocks(name, 0, 1)
        if blocks.missing():
            weights = str(self.weights(name))
            cfg = self.trainer.settings(self._job(name), Recipe())
            blocks.write(0, scores_of_pairs(load_classifier(cfg, weights), self.data.validation)[0])
        (found,) = blocks
        return found

    def cross_fitted(
        self, name: str, folds: Optional[Sequence[int]] = None, repeat: int = 0
    ) -> np.ndarray:
        """Scores and cleaned labels of the pairs of V, by models that have not seen their images.

        Args:
            name: of a candidate that begins with the start, or with the teacher of the same fold.
            folds: the parts of V to judge; None for all.
            repeat: number of the division into parts.

        Returns:
            (2, P) float32; NaN where the fold is not among those wanted, and for the cleaned
            labels of a model that has none.
        """
        found = np.full((2, len(self.pairs.image)), np.nan, np.float32)
        wanted = range(self.folds) if folds is None else folds
        fold = self.fold_of_images(repeat)
        blocks = self._blocks(name, repeat, self.folds)
        for k in wanted:
            if k in blocks.missing():
                self._trial(name, fold != k, k, repeat, blocks)
        for k in wanted:
            found[:, self.pairs.of_images(np.flatnonzero(fold == k))] = blocks[k]
        return found

    def fold_of_images(self, repeat: int) -> np.ndarray:
        """(N,) the part of V that each image is in, all of nearly the same size."""
        rng = np.random.default_rng([self.seed, repeat, self.num_verified])
        return rng.permutation(self.num_verified) % self.folds

    def _trial(self, name: str, rest: np.ndarray, k: int, repeat: int, blocks: Blocks) -> None:
        """Trains on the rest of V and judges the part that is left out."""
        job, fit = self._job(name), np.flatnonzero(rest)
        stem, teacher = f'r{repeat}-k{k}.pth', self.begun.get(TEACHER, '')
        if self._known[name].begins_with == TEACHER:
            self.cross_fitted(teacher, [k], repeat)
            begin = self._kept(teacher) / stem
        else:
            begin = self.weights(self.begun[START])
        cfg = self.trainer.config(job, Recipe(), fit, str(begin))
        if self.steps(name, len(fit), trial=True) < self.steps(name, len(fit)):
            _shorten(cfg, self.steps(name, len(fit), trial=True))
        model = self.trainer.train(job, cfg, f'part {k + 1} of V')
        path = self._kept(name) / stem
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as part:
            self.trainer.save(model, part)
        held = self.data.held_out(np.flatnonzero(~rest))
        blocks.write(k, np.stack(scores_of_pairs(model, held)))

    def _weights(self, name: str) -> Path:
        return self.trainer.folder(self._job(name)) / 'weights.pth'

    def _blocks(self, name: str, repeat: int, count: int) -> Blocks:
        made_by = self.trainer.made_by(self.trainer.settings(self._job(name), Recipe()))
        key = self._known[name].key
        return Blocks(self.out / 'scores' / f'{key}-r{repeat}', made_by, count)

    def _missing(
        self, name: str, folds: Sequence[int], repeats: Tuple[int, int]
    ) -> List[Tuple[int, int]]:
        """The parts of V that are not judged yet, each with the number of its division."""
        return [
            (k, repeat)
            for repeat in range(*repeats)
            for k in self._blocks(name, repeat, self.folds).missing()
            if k in folds
        ]

    def _kept(self, name: str) -> Path:
        return self.out / 'trials' / self._known[name].key

    def _job(self, name: str) -> Any:
        return self.trainer.job(self._known[name].key, self.num_verified, self.seed)

    def _all(self) -> np.ndarray:
        return np.arange(self.num_verified)


def _shorten(cfg: Config, steps: int) -> None:
    """Makes a training end, its rates fallen to where they fall, after so many steps."""
    cfg.train_cfg = dict(type=cfg.train_cfg.type, max_iters=steps, val_interval=steps)


def _pairs(data: Data) -> Pairs:
    """The verified pairs of V."""
    images = np.arange(len(data.validation))
    image, label, present = verified_pairs(data.validation, images)
    return Pairs(image, label, present, are_noisy(data.validation, image, label))
