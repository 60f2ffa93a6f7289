"""All systems, seeds and numbers of verified images, one after the other; nothing twice."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from tqdm import tqdm

from mmnoisy.experiments.banks import Banks
from mmnoisy.experiments.evaluating import all_scores, evaluate, verified_pairs
from mmnoisy.experiments.filtering import FOLDS, filtered, folds
from mmnoisy.experiments.recipes import BATCH_SIZE, Recipe, default_recipe
from mmnoisy.experiments.runs import Run
from mmnoisy.experiments.searching import number_of_trials, search, split
from mmnoisy.experiments.systems import RATIO, SYSTEMS, build_model
from mmnoisy.experiments.training import train
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import write_json
from mmnoisy.models import DualHeadClassifier


class Job(NamedTuple):
    """One system to train.

    Attributes:
        system: its name.
        verified: number of verified images; 0 where the system does not use them.
        seed: of its order, its weights and its choice of verified images.
    """

    system: str
    verified: int
    seed: int


class Experiment:
    """Trains and tests systems on feature banks, and keeps everything in a folder.

    Args:
        banks: what to train and test on.
        out: the folder; what is finished there is not done again.
        systems: names, each after the one that it starts from.
        seeds: of the runs.
        sizes: numbers of verified images.
        examples: numbers of the test images to look at.
        batch_size: images of a batch.
        given: recipes by system that take the place of a search.

    Raises:
        InputError: ``out`` holds a comparison of other data or settings.
    """

    def __init__(
        self,
        banks: Banks,
        out: Path,
        systems: Sequence[str],
        seeds: Sequence[int],
        sizes: Sequence[int],
        examples: Sequence[int] = (),
        batch_size: int = BATCH_SIZE,
        given: Optional[Dict[str, Recipe]] = None,
    ) -> None:
        self.banks, self.out, self.systems = banks, out, list(systems)
        self.seeds, self.sizes, self.examples = list(seeds), sorted(sizes), list(examples)
        self.batch_size, self.given = batch_size, given or {}
        self._cross_fitted: Dict[Tuple[int, bytes], np.ndarray] = {}
        self._check_folder()

    def run(self) -> List[Run]:
        """Does what is left to do.

        Returns:
            All runs; one of a system without verified images stands at every number of them.
        """
        with tqdm(total=self._steps_left(), unit='step', unit_scale=True) as self._bar:
            # The baselines come first: every search but their own starts from one.
            for size in reversed(self.sizes):
                for name in self.systems:
                    for seed in self.seeds:
                        self._finish(self._job(name, size, seed))
        return [
            Run.read(self._folder(self._job(name, size, seed)), method, size)
            for size in self.sizes
            for name in self.systems
            for seed in self.seeds
            for method in SYSTEMS[name].methods
        ]

    def recipe(self, name: str, size: int) -> Recipe:
        """The recipe of a system at a number of verified images: given, found before, or searched.

        Learning rates are chosen on a third of the verified images, with the models trained on
        the rest; V of the first seed serves. The number of steps is that of the rule. So are the
        rates where V is too small for a search: nothing to train on, or nothing present in the
        third.
        """
        system = SYSTEMS[name]
        size = size or self.sizes[-1]
        if name in self.given:
            return self.given[name]
        default = default_recipe(system, self._num_images(name, size), self.batch_size)
        if system.tuned_as is not None:
            tuned = SYSTEMS[system.tuned_as]
            base = default_recipe(tuned, self._num_images(system.tuned_as, size), self.batch_size)
            return default.at(self.recipe(system.tuned_as, size).lr / base.lr)
        path = self._recipe_path(name, size)
        if not path.exists():
            first = self.seeds[0]
            parts = split(self.banks.subset(size, first), first)
            held = self.banks.held_out(parts.held)
            if not (len(parts.fit) and verified_pairs(held, np.arange(len(held)))[2].any()):
                return default

            def score(recipe: Recipe) -> Dict[str, float]:
                model = self._train(self._job(name, size, first), recipe, parts.fit)
                metrics = evaluate(model, held, self.banks.scaling).metrics
                return {key: metrics[key] for key in ('AP_all', 'MAP')}

            recipe, tried = search(default, score, [*system.choices])
            write_json(path, {'recipe': recipe.to_dict(), 'tried': tried})
        return Recipe(**_read_json(path)['recipe'])

    def _finish(self, job: Job) -> None:
        """Trains and tests one system, unless that is done."""
        folder = self._folder(job)
        if folder.is_dir():
            return
        recipe = self.recipe(job.system, job.verified)
        start = time.perf_counter()
        model = self._train(job, recipe, self.banks.subset(job.verified, job.seed))
        trained = time.perf_counter() - start
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.unfinished-', dir=folder.parent) as name:
            unfinished = Path(name) / 'run'
            unfinished.mkdir()
            for method, attributes in SYSTEMS[job.system].methods.items():
                for attribute, value in attributes.items():
                    setattr(model.head, attribute, value)
                start = time.perf_counter()
                found = evaluate(model, self.banks.test, self.banks.scaling, self.examples)
                seconds = trained + time.perf_counter() - start
                run = Run(method, job.seed, job.verified, seconds, **found._asdict())
                run.write(unfinished)
            self._save(model, unfinished / 'weights.pth')
            write_json(unfinished / 'recipe.json', recipe.to_dict())
            os.replace(unfinished, folder)

    def _train(self, job: Job, recipe: Recipe, verified: np.ndarray) -> DualHeadClassifier:
        """A system trained by a recipe with the rows ``verified`` of V."""
        system, banks = SYSTEMS[job.system].chosen(recipe.choice), self.banks
        torch.manual_seed(job.seed)
        model = build_model(system, len(banks.noisy.classes), banks.dim)
        model.to(banks.device)
        if system.start is not None:
            start = self._folder(self._job(system.start, job.verified, job.seed))
            weights = torch.load(start / 'weights.pth', map_location='cpu', weights_only=True)
            # Folded before, so that layers which are not loaded come out as they were.
            banks.scaling.fold(model)
            model.load_state_dict(weights['state_dict'], strict=False)
            banks.scaling.unfold(model)
        ratio = RATIO if system.sources == ('T', 'V') else None
        labels = self._filtered(system.filter, verified, job) if system.filter else None
        data = banks.mix(system.sources, verified, labels)
        train(model, data, banks.scaling, recipe, job.seed, ratio, self._bar.update)
        if system.finish is not None:
            self._train_on_v(model, system.finish, job, verified)
        return model

    def _train_on_v(
        self, model: DualHeadClassifier, name: str, job: Job, verified: np.ndarray
    ) -> None:
        """Trains a model further, as the system ``name`` is trained."""
        recipe = self.recipe(name, job.verified)
        data = self.banks.mix(SYSTEMS[name].sources, verified)
        train(model, data, self.banks.scaling, recipe, job.seed, None, self._bar.update)

    def _filtered(self, settings: Dict[str, Any], verified: np.ndarray, job: Job) -> LabelIndex:
        """The labels of T without those that :func:`filtered` finds wrong.

        The probabilities are those of a baseline of the other part of T, fine-tuned on V.
        """
        key = (job.seed, verified.tobytes())
        if key not in self._cross_fitted:
            banks = self.banks
            num_images, num_classes = len(banks.source('T')), len(banks.noisy.classes)
            scores = np.empty((num_images, num_classes), np.float32)
            for held in folds(num_images, job.seed):
                torch.manual_seed(job.seed)
                model = build_model(SYSTEMS['baseline'], num_classes, banks.dim).to(banks.device)
                others = banks.part_of_t(np.setdiff1d(np.arange(num_images), held))
                recipe = self.recipe('baseline', job.verified)
                train(model, others, banks.scaling, recipe, job.seed, None, self._bar.update)
                self._train_on_v(model, 'finetune_clean', job, verified)
                scores[held] = all_scores(model, banks.part_of_t(held, True), banks.scaling)
            self._cross_fitted = {key: scores}
        return filtered(self.banks.readable, self._cross_fitted[key], **settings)

    def _save(self, model: DualHeadClassifier, path: Path) -> None:
        """Writes a checkpoint that any config with these heads can load, on pictures too."""
        self.banks.scaling.fold(model)
        meta = {'dataset_meta': self.banks.test.metainfo}
        torch.save({'meta': meta, 'state_dict': model.cpu().state_dict()}, path)

    def _job(self, name: str, size: int, seed: int) -> Job:
        return Job(name, size if SYSTEMS[name].uses_verdicts else 0, seed)

    def _folder(self, job: Job) -> Path:
        return self.out / 'runs' / f'{job.system}-v{job.verified}-s{job.seed}'

    def _recipe_path(self, name: str, size: int) -> Path:
        return self.out / 'recipes' / f'{name}-v{size}.json'

    def _num_images(self, name: str, size: int) -> int:
        sources = SYSTEMS[name].sources
        return sum(size if key == 'V' else len(self.banks.source(key)) for key in sources)

    def _steps_left(self) -> int:
        """Steps of the runs and searches that are not done."""
        steps = 0
        for size in self.sizes:
            for name in self.systems:
                jobs = {self._job(name, size, seed) for seed in self.seeds}
                if SYSTEMS[name].uses_verdicts or size == self.sizes[-1]:
                    left = sum(not self._folder(job).is_dir() for job in jobs)
                    known = SYSTEMS[name].tuned_as is not None or name in self.given
                    searched = known or self._recipe_path(name, size).exists()
                    trials = 0 if searched else number_of_trials([*SYSTEMS[name].choices])
                    steps += (left + trials) * self._steps(name, size)
                    if SYSTEMS[name].filter:
                        both = sum(self._steps(key, size) for key in ('baseline', 'finetune_clean'))
                        steps += (left + bool(trials)) * FOLDS * both
        return steps

    def _steps(self, name: str, size: int) -> int:
        """Of one training."""
        rule = default_recipe(SYSTEMS[name], self._num_images(name, size), self.batch_size)
        finish = SYSTEMS[name].finish
        return self.given.get(name, rule).steps + (self._steps(finish, size) if finish else 0)

    def _check_folder(self) -> None:
        """Refuses a folder that holds the runs of other data."""
        bank = self.banks.source('T').banks[0]
        wanted = {
            'classes': len(self.banks.noisy.classes),
            'labels': self.banks.checksum,
            'images': [len(bank), self.banks.num_verified, len(self.banks.test)],
            'features': bank.provenance,
            'batch_size': self.batch_size,
            'sizes': self.sizes[-1:],
            'first_seed': self.seeds[0],
            'recipes': {name: recipe.to_dict() for name, recipe in self.given.items()},
        }
        path = self.out / 'comparison.json'
        if not path.exists():
            write_json(path, wanted)
        found = _read_json(path)
        different = [key for key, value in wanted.items() if found.get(key) != value]
        if different:
            raise InputError(
                f'{self.out}: holds a comparison of other data or settings '
                f'({", ".join(different)} differ); give another --out, or remove this one'
            )


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text('utf-8'))
    except (OSError, ValueError) as error:
        raise InputError(f'{path}: cannot be read ({error}); remove it to make it again') from error
