"""All systems, seeds and numbers of verified images, one after the other; nothing twice."""

from __future__ import annotations

import os
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmnoisy.experiments.data import can_score
from mmnoisy.experiments.evaluation import evaluate
from mmnoisy.experiments.filtering import FOLDS
from mmnoisy.experiments.fingerprint import check_made_by, read_json
from mmnoisy.experiments.progress import Progress
from mmnoisy.experiments.runs import Run, Trained
from mmnoisy.experiments.search import Recipe, Split, number_of_trials, search, split
from mmnoisy.experiments.settings import number_of_steps, set_in_model
from mmnoisy.experiments.systems import FILTERED_BY
from mmnoisy.experiments.training import Job, Trainer
from mmnoisy.io.atomic import write_json

MEASURES = ('AP_all', 'MAP')


class Grid:
    """Trains and tests systems, each by the runner, and keeps everything in a folder.

    Args:
        trainer: knows the data and the systems, and trains one.
        names: of those to train, each after the one that it starts from.
        seeds: of the runs.
        sizes: numbers of verified images.
        examples: numbers of the test images to look at.
        given: recipes by system that take the place of a search.
    """

    def __init__(
        self,
        trainer: Trainer,
        names: Sequence[str],
        seeds: Sequence[int],
        sizes: Sequence[int],
        examples: Sequence[int] = (),
        given: Optional[Mapping[str, Recipe]] = None,
    ) -> None:
        self.trainer, self.names, self.given = trainer, list(names), given or {}
        self.seeds, self.sizes, self.examples = list(seeds), sorted(sizes), list(examples)
        self.data, self.systems, self.out = trainer.data, trainer.systems, trainer.out
        trainer.recipe = self.recipe

    def run(self) -> List[Run]:
        """Does what is left to do.

        Returns:
            All runs; one of a system without verified images stands at every number of them.

        Raises:
            InputError: ``out`` holds runs of other settings, data or code.
        """
        with Progress(self._steps_left()) as self.trainer.progress:
            # The baselines come first: every search but their own starts from one.
            for size in reversed(self.sizes):
                for name in self.names:
                    for seed in self.seeds:
                        self._finish(self.trainer.job(name, size, seed))
        return self.runs()

    def missing(self) -> List[str]:
        """The names of the systems of which a run is not kept yet."""
        return [
            name
            for name in self.names
            for job in (self.trainer.job(name, *of) for of in product(self.sizes, self.seeds))
            if not self.trainer.folder(job).is_dir()
        ]

    def runs(self) -> List[Run]:
        """All runs as they are kept, whatever has made them.

        Raises:
            InputError: one is not there, or damaged.
        """
        return [
            Run.read(self.trainer.folder(self.trainer.job(name, size, seed)), method, size)
            for size in self.sizes
            for name in self.names
            for seed in self.seeds
            for method in self.systems[name].rows
        ]

    def trained(self, size: int) -> List[Trained]:
        """How every row was trained at a number of verified images."""
        found: List[Trained] = []
        for name in self.names:
            recipe, search = self.recipe(name, size), self._search_of(name, size)
            system = self.systems[name]
            found += [Trained(row, system.text, *recipe, **search) for row in system.rows]
        return found

    def recipe(self, name: str, size: int) -> Recipe:
        """The recipe of a system at a number of verified images: given, found before, or searched.

        Rates are chosen on a third of the verified images, with the models trained on the rest; V
        of the first seed serves. Where V is too small for a search, the config's own are taken:
        nothing to train on, or nothing present in the third.
        """
        system, size = self.systems[name], size or self.sizes[-1]
        if name in self.given:
            return self.given[name]
        shared = system.get('shares_recipe_with')
        if shared:
            started = self.systems.get(system.start or '')
            # What goes on from a system that it judges has its choice.
            goes_on = started is not None and started.get('judged_by') == name
            choice = self.recipe(started.name, size).choice if started and goes_on else ''
            return Recipe(self.recipe(shared, size).factor, choice)
        path, first = self._recipe_path(name, size), self.seeds[0]
        parts = split(self.data.verified(size, first), first)
        held = self.data.held_out(parts.held)
        if not len(parts.fit) or not can_score(held):
            return Recipe()
        job = self.trainer.job(name, size, first)
        made_by = self.trainer.made_by(self.trainer.settings(job, Recipe()))
        if not path.exists():
            self._search(name, size, parts, held, path, made_by)
        found = read_json(path)
        check_made_by(path, found.get('made_by'), made_by)
        return Recipe.parse(found['recipe'])

    def _search(
        self, name: str, size: int, parts: Split, held: Any, path: Path, made_by: Dict[str, str]
    ) -> None:
        system, job = self.systems[name], self.trainer.job(name, size, self.seeds[0])
        trials = 0

        def trained(job: Job, recipe: Recipe, start: str = '') -> Any:
            cfg = self.trainer.config(job, recipe, parts.fit, start)
            return self.trainer.train(job, cfg, f'search {trials}')

        def score(recipe: Recipe) -> Dict[str, float]:
            nonlocal trials
            trials += 1
            if trials > number_of_trials(system.get('choices', ())):
                self.trainer.progress.add(name, self._steps(name, size))
                self.trainer.progress.say(
                    f'{name}: the best learning rates are at the edge of those tried; '
                    f'{recipe.factor:g} times its own are tried too'
                )
            model = trained(job, recipe)
            if system.get('judged_by'):
                after = self.trainer.job(system.get('judged_by'), size, job.seed)
                with tempfile.TemporaryDirectory() as folder:
                    start = self.trainer.save(model, Path(folder, 'weights.pth'))
                    # Not its own recipe, whose choice is what is searched here.
                    shared = self.systems[after.system].get('shares_recipe_with')
                    ends = Recipe(self.recipe(shared, size).factor, recipe.choice)
                    model = trained(after, ends, start)
            return evaluate(model, held, system.cfg.test_evaluator).metrics

        found = search(score, system.get('measures', MEASURES), [*system.get('choices', ())])
        if found.at_edge:
            self.trainer.progress.say(
                f'{name}: the best learning rates, {found.recipe.factor:g} times its own, are '
                'still at the edge of those tried'
            )
        recipe = found.recipe._asdict()
        values = dict(recipe=recipe, at_edge=found.at_edge, tried=found.tried, made_by=made_by)
        write_json(path, values)

    def _finish(self, job: Job) -> None:
        """Trains and tests one system, unless that is done."""
        folder, recipe = self.trainer.folder(job), self.recipe(job.system, job.verified)
        made_by = self.trainer.made_by(self.trainer.settings(job, recipe))
        if folder.is_dir():
            check_made_by(folder, read_json(folder / 'made_by.json'), made_by)
            return
        system, start = self.systems[job.system], time.perf_counter()
        cfg = self.trainer.config(job, recipe, self.data.verified(job.verified, job.seed))
        model = self.trainer.train(job, cfg, 'training')
        trained = time.perf_counter() - start
        self.trainer.progress.stage(job.system, job.seed, 'test')
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.unfinished-', dir=folder.parent) as name:
            unfinished = Path(name) / 'run'
            unfinished.mkdir()
            for method, changes in system.rows.items():
                for key, value in changes.items():
                    set_in_model(model, key, value)
                start = time.perf_counter()
                found = evaluate(model, self.data.test, cfg.test_evaluator, self.examples)
                seconds = trained + time.perf_counter() - start
                run = Run(method, job.seed, job.verified, seconds, **found._asdict())
                run.write(unfinished)
            self.trainer.save(model, unfinished / 'weights.pth')
            cfg.work_dir = f'work_dirs/{folder.name}'
            cfg.dump(unfinished / 'config.py')
            write_json(unfinished / 'recipe.json', recipe._asdict())
            write_json(unfinished / 'made_by.json', made_by)
            os.replace(unfinished, folder)

    def _search_of(self, name: str, size: int) -> Dict[str, Any]:
        """What was tried for the recipe of a system; empty where it was given, or not searched."""
        owner = self.systems[name].get('shares_recipe_with') or name
        path = self._recipe_path(owner, size)
        if {name, owner} & {*self.given} or not path.exists():
            return {}
        return {key: read_json(path)[key] for key in ('tried', 'at_edge')}

    def _recipe_path(self, name: str, size: int) -> Path:
        return self.out / 'recipes' / f'{name}-v{size}.json'

    def _steps_left(self) -> Dict[str, int]:
        """Steps of the runs and searches that are not done, by system."""
        left: Dict[str, int] = {}

        def add(name: str, times: int, size: int) -> None:
            left[name] = left.get(name, 0) + times * self._steps(name, size)

        searched = set()
        for size in self.sizes:
            for name in self.names:
                system = self.systems[name]
                if not self.trainer.depends_on_v(name) and size != self.sizes[-1]:
                    continue
                jobs = {self.trainer.job(name, size, seed) for seed in self.seeds}
                runs = sum(not self.trainer.folder(job).is_dir() for job in jobs)
                owner = system.get('shares_recipe_with') or name
                path, trials = self._recipe_path(owner, size), 0
                if owner not in self.given and not path.exists() and path not in searched:
                    trials = number_of_trials(self.systems[owner].get('choices', ()))
                    searched.add(path)
                add(name, runs, size)
                add(owner, trials, size)
                if self.systems[owner].get('judged_by'):
                    add(self.systems[owner].get('judged_by'), trials, size)
                if system.get('filter'):
                    for other in FILTERED_BY:
                        add(other, FOLDS * (runs + bool(trials)), size)
        return left

    def _steps(self, name: str, size: int) -> int:
        """Of one training."""
        sizes = {'train': len(self.data.train), 'validation': size or self.sizes[-1]}
        return number_of_steps(self.systems[name].cfg, sizes, self.trainer.batch_size)
