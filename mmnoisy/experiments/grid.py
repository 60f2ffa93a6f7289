"""All systems, seeds and numbers of verified images, one after the other; nothing twice."""

from __future__ import annotations

import copy
import json
import os
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO
from math import ceil
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device

from mmnoisy.engine.partial_training import train_here
from mmnoisy.engine.sets import SETS, build_set, parts_of, subset_of, trained_on
from mmnoisy.engine.train_loop import images_to_see
from mmnoisy.engine.transforms import at_rate, with_seed
from mmnoisy.errors import InputError
from mmnoisy.experiments.data import Data, can_score
from mmnoisy.experiments.evaluation import all_scores, evaluate
from mmnoisy.experiments.filtering import FOLDS, filtered, folds
from mmnoisy.experiments.indexes import keep, part_of, readable
from mmnoisy.experiments.progress import Progress, StepHook
from mmnoisy.experiments.runs import Run, fingerprint
from mmnoisy.experiments.search import Recipe, Split, number_of_trials, search, split
from mmnoisy.experiments.systems import FILTERED_BY, System
from mmnoisy.io.atomic import write_json

MEASURES = ('AP_all', 'MAP')


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


class Grid:
    """Trains and tests systems, each by the runner, and keeps everything in a folder.

    Args:
        data: what to train and test on.
        out: the folder; what is finished there is not done again.
        systems: all that those to train start from or share something with.
        names: those to train, each after the one that it starts from.
        seeds: of the runs.
        sizes: numbers of verified images.
        examples: numbers of the test images to look at.
        bounds: indexes of T with verdicts, by the name of the bound.
        batch_size: images of a batch, in place of that of the configs: as many images are seen,
            and the rates change by the square root of the ratio, as is usual with Adam.
        given: recipes by system that take the place of a search.
    """

    def __init__(
        self,
        data: Data,
        out: Path,
        systems: Mapping[str, System],
        names: Sequence[str],
        seeds: Sequence[int],
        sizes: Sequence[int],
        examples: Sequence[int] = (),
        bounds: Optional[Mapping[str, Path]] = None,
        batch_size: Optional[int] = None,
        given: Optional[Mapping[str, Recipe]] = None,
    ) -> None:
        self.data, self.out, self.systems, self.names = data, out.resolve(), systems, list(names)
        self.seeds, self.sizes, self.examples = list(seeds), sorted(sizes), list(examples)
        self.bounds, self.batch_size, self.given = bounds or {}, batch_size, given or {}
        self._cross_fitted: Dict[Tuple[int, bytes], np.ndarray] = {}
        self.at_edge: List[str] = []

    def run(self) -> List[Run]:
        """Does what is left to do.

        Returns:
            All runs; one of a system without verified images stands at every number of them.

        Raises:
            InputError: ``out`` holds runs of other settings, data or code.
        """
        with Progress(self._steps_left()) as self._progress:
            # The baselines come first: every search but their own starts from one.
            for size in reversed(self.sizes):
                for name in self.names:
                    for seed in self.seeds:
                        self._finish(self._job(name, size, seed))
        return [
            Run.read(self._folder(self._job(name, size, seed)), method, size)
            for size in self.sizes
            for name in self.names
            for seed in self.seeds
            for method in self.systems[name].rows
        ]

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
        made_by = self._made_by(self._settings(self._job(name, size, first), Recipe()))
        if not path.exists():
            self._search(name, size, parts, held, path, made_by)
        found = _read_json(path)
        _check_made_by(path, found.get('made_by'), made_by)
        if found['at_edge'] and path.stem not in self.at_edge:
            self.at_edge.append(path.stem)
        return Recipe.parse(found['recipe'])

    def _search(
        self, name: str, size: int, parts: Split, held: Any, path: Path, made_by: Dict[str, str]
    ) -> None:
        system, job = self.systems[name], self._job(name, size, self.seeds[0])
        evaluator = system.cfg.test_evaluator
        trials = 0

        def score(recipe: Recipe) -> Dict[str, float]:
            nonlocal trials
            trials += 1
            stage = f'search {trials}'
            if trials > number_of_trials(system.get('choices', ())):
                self._progress.add(name, self._steps(name, size))
                self._progress.say(
                    f'{name}: the best learning rates are at the edge of those tried; '
                    f'{recipe.factor:g} times its own are tried too'
                )
            model = self._train(job, recipe, parts.fit, stage)
            if system.get('judged_by'):
                after = self._job(system.get('judged_by'), size, job.seed)
                with tempfile.TemporaryDirectory() as folder:
                    start = self._save(model, Path(folder, 'weights.pth'))
                    ends = Recipe(self.recipe(after.system, size).factor, recipe.choice)
                    model = self._train(after, ends, parts.fit, stage, start)
            return evaluate(model, held, evaluator).metrics

        found = search(score, system.get('measures', MEASURES), [*system.get('choices', ())])
        if found.at_edge:
            self._progress.say(
                f'{name}: the best learning rates, {found.recipe.factor:g} times its own, are '
                'still at the edge of those tried'
            )
        recipe = found.recipe._asdict()
        values = dict(recipe=recipe, at_edge=found.at_edge, tried=found.tried, made_by=made_by)
        write_json(path, values)

    def _finish(self, job: Job) -> None:
        """Trains and tests one system, unless that is done."""
        folder, recipe = self._folder(job), self.recipe(job.system, job.verified)
        made_by = self._made_by(self._settings(job, recipe))
        if folder.is_dir():
            _check_made_by(folder, _read_json(folder / 'made_by.json'), made_by)
            return
        system, start = self.systems[job.system], time.perf_counter()
        cfg = self._config(job, recipe, self.data.verified(job.verified, job.seed))
        model = self._trained(job, cfg, 'training')
        trained = time.perf_counter() - start
        self._progress.stage(job.system, job.seed, 'test')
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.unfinished-', dir=folder.parent) as name:
            unfinished = Path(name) / 'run'
            unfinished.mkdir()
            for method, changes in system.rows.items():
                for key, value in changes.items():
                    _set(model, key, value)
                start = time.perf_counter()
                found = evaluate(model, self.data.test, cfg.test_evaluator, self.examples)
                seconds = trained + time.perf_counter() - start
                run = Run(method, job.seed, job.verified, seconds, **found._asdict())
                run.write(unfinished)
            self._save(model, unfinished / 'weights.pth')
            cfg.work_dir = f'work_dirs/{folder.name}'
            cfg.dump(unfinished / 'config.py')
            write_json(unfinished / 'recipe.json', recipe._asdict())
            write_json(unfinished / 'made_by.json', made_by)
            os.replace(unfinished, folder)

    def _train(
        self, job: Job, recipe: Recipe, verified: np.ndarray, stage: str, start: str = ''
    ) -> Any:
        """A system trained by a recipe with some images of V."""
        return self._trained(job, self._config(job, recipe, verified, start), stage)

    def _trained(self, job: Job, cfg: Config, stage: str) -> Any:
        self._progress.stage(job.system, job.seed, stage)
        # MMEngine prints the path of every checkpoint that it loads.
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
            return train_here(cfg, Path(folder, job.system), [StepHook(self._progress)])

    def _settings(self, job: Job, recipe: Recipe) -> Config:
        """The config of a system, but for its label indexes."""
        system = self.systems[job.system]
        cfg = copy.deepcopy(system.cfg)
        if recipe.choice:
            cfg.merge_from_dict(self._choices(system)[recipe.choice])
        if recipe.factor != 1:
            cfg = at_rate(cfg, recipe.factor)
        cfg = with_seed(cfg, job.seed)
        if self.batch_size:
            factor = (self.batch_size / cfg.train_dataloader.batch_size) ** 0.5
            cfg.optim_wrapper.optimizer.lr *= factor
            cfg.train_dataloader.batch_size = self.batch_size
        if system.start:
            run = self._folder(self._job(system.start, job.verified, job.seed))
            cfg.load_from = str(run / 'weights.pth')
        return cfg

    def _config(self, job: Job, recipe: Recipe, verified: np.ndarray, start: str = '') -> Config:
        """What ``tools/train.py`` would be given to train the same."""
        system, cfg = self.systems[job.system], self._settings(job, recipe)
        if start:
            cfg.load_from = start
        if system.get('bound'):
            _read_index(cfg, 'train', self.bounds[system.get('bound')])
        if (cfg.get('experiment') or {}).get('filter') and 'train' in trained_on(cfg):
            _read_index(cfg, 'train', self._filtered(cfg.experiment.filter, verified, job))
        if system.uses_verdicts and len(verified) < len(self.data.validation):
            _read_index(cfg, 'validation', self._part('validation', verified))
        if get_device() != 'cpu':  # where the features of the sets to train on have room
            cfg.train_dataloader.pin_memory = False
            for part in parts_of(cfg):
                part.device = get_device()
        return cfg

    def _choices(self, system: System) -> Mapping[str, Mapping[str, Any]]:
        """The choices of a system, or of the one that it goes on from and judges."""
        started = self.systems.get(system.start or '')
        own = system.get('choices', {})
        return own or (started.get('choices', {}) if started else {})

    def _filtered(self, settings: Mapping[str, Any], verified: np.ndarray, job: Job) -> Path:
        """The index of T without the labels that :func:`filtered` finds wrong.

        The probabilities are those of a baseline of the other part of T, fine-tuned on V.
        """
        key, train = (job.seed, verified.tobytes()), self.data.train
        if key not in self._cross_fitted:
            scores = np.empty((len(train), len(train.index.classes)), np.float32)
            for number, held in enumerate(folds(len(train), job.seed)):
                stage = f'fold {number + 1} for {job.system}'
                others = self._part('train', np.setdiff1d(np.arange(len(train)), held))
                with tempfile.TemporaryDirectory() as folder:
                    start = ''
                    for name in FILTERED_BY:
                        recipe = self.recipe(name, job.verified)
                        of_part = self._job(name, job.verified, job.seed)
                        cfg = self._config(of_part, recipe, verified, start)
                        _read_index(cfg, 'train', others)
                        model = self._trained(of_part, cfg, stage)
                        start = self._save(model, Path(folder, f'{name}.pth'))
                scores[held] = all_scores(
                    model, build_set(self.data.cfg, 'train', indices=held.tolist())
                )
            self._cross_fitted = {key: scores}
        index = filtered(readable(train.index), self._cross_fitted[key], **settings)
        return keep(index, self.out / 'indexes', 'filtered')

    def _part(self, subset: str, images: np.ndarray) -> Path:
        """The index of some images of a set."""
        index = part_of(self.data.index(subset), images)
        return keep(index, self.out / 'indexes', f'{subset}-{len(images)}')

    def _save(self, model: Any, path: Path) -> str:
        """Writes a checkpoint that any config with these heads can load, on pictures too."""
        meta = {'dataset_meta': self.data.test.metainfo}
        state = {key: value.cpu() for key, value in model.state_dict().items()}
        torch.save({'meta': meta, 'state_dict': state}, path)
        return str(path)

    def _made_by(self, settings: Config) -> Dict[str, str]:
        """Settings, code and data of a run, see :func:`fingerprint`."""
        bound = (settings.get('experiment') or {}).get('bound')
        data = f'{self.data.checksum:08x} {self.bounds[bound].name if bound else ""}'.strip()
        return fingerprint(settings, {str(self.out): 'OUT', **self.data.places}, data)

    def _job(self, name: str, size: int, seed: int) -> Job:
        return Job(name, size if self._depends_on_v(name) else 0, seed)

    def _depends_on_v(self, name: str) -> bool:
        system = self.systems[name]
        return system.uses_verdicts or bool(system.get('filter'))

    def _folder(self, job: Job) -> Path:
        return self.out / 'runs' / f'{job.system}-v{job.verified}-s{job.seed}'

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
                if not self._depends_on_v(name) and size != self.sizes[-1]:
                    continue
                jobs = {self._job(name, size, seed) for seed in self.seeds}
                runs = sum(not self._folder(job).is_dir() for job in jobs)
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
        cfg = self.systems[name].cfg
        length = cfg.train_cfg
        if length.get('max_iters'):
            return length.max_iters
        names = ('min_images', 'min_passes', 'max_passes')
        given = {key: length[key] for key in names if key in length}
        sizes = {'validation': size or self.sizes[-1], 'train': len(self.data.train)}
        images = images_to_see(sum(sizes[subset] for subset in trained_on(cfg)), **given)
        return ceil(images / (self.batch_size or cfg.train_dataloader.batch_size))


def _read_index(cfg: Config, subset: str, folder: Path) -> None:
    """Changes a config: one of its sets has another label index."""
    parts = [part for part in parts_of(cfg) if subset_of(cfg, part) == subset]
    for settings in (*parts, cfg[SETS[subset]]):
        settings.ann_file = str(folder)


def _set(model: Any, key: str, value: Any) -> None:
    """Sets what a config calls ``model.head.score``, in a model that is there."""
    *path, name = key.split('.')[1:]
    for part in path:
        model = getattr(model, part)
    setattr(model, name, value)


def _check_made_by(path: Path, found: Optional[Dict[str, str]], wanted: Dict[str, str]) -> None:
    """Refuses what other settings, data or code have made."""
    different = [key for key, value in wanted.items() if (found or {}).get(key) != value]
    if different:
        raise InputError(
            f'{path}: was made by other {" and ".join(different)}; give another --out, or remove '
            'this one, and the same command makes it again'
        )


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text('utf-8'))
    except (OSError, ValueError) as error:
        raise InputError(f'{path}: cannot be read ({error}); remove it to make it again') from error
