"""A method on a data set: its config, after those that it starts from, through the runner."""

from __future__ import annotations

import random
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from sklearn.utils import check_random_state

import mmnoisy.components  # noqa: F401
from mmnoisy.engine.sets import fill_classes
from mmnoisy.errors import InputError, like
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.grid import Grid
from mmnoisy.experiments.progress import Progress
from mmnoisy.experiments.search import Recipe
from mmnoisy.experiments.settings import number_of_steps
from mmnoisy.experiments.systems import System, load_systems, names, to_train
from mmnoisy.experiments.training import Job, Trainer

METHODS = tuple(names(beyond=True, bounds=()))
"""The systems of a comparison that can be had in real life."""


def options_of(root: Path, steps: Optional[int] = None) -> Dict[str, Any]:
    """Settings that replace those of all configs.

    Args:
        root: see :func:`mmnoisy.arrays.data_set.opened`.
        steps: of each training; None: as many as the configs say.
    """
    options: Dict[str, Any] = {'index': str(root / 'index')}
    if steps is not None:
        options.update({'train_cfg.min_images': None, 'train_cfg.max_iters': steps})
    return options


def stages_of(
    method: str, root: Path, options: Mapping[str, Any], searched: bool = False
) -> Tuple[Dict[str, System], List[str]]:
    """The systems of a method, and which of them are trained one after the other.

    Args:
        method: one of :data:`METHODS`.
        root: see :func:`mmnoisy.arrays.data_set.opened`.
        options: see :func:`options_of`.
        searched: with what a search of learning rates needs.

    Raises:
        InputError: there is no such method.
    """
    if method not in METHODS:
        raise InputError(
            f'method={method!r}: is none{like(str(method), METHODS)}; methods are auto, '
            f'{", ".join(METHODS)}'
        )
    systems = load_systems([method], root / 'features', options)
    if searched:
        return systems, to_train([method], systems)
    stages, start = [method], systems[method].start
    while start:
        stages.insert(0, start)
        start = systems[start].start
    return systems, stages


class Training:
    """Trains as ``tools/compare.py`` trains the same systems with the same seed.

    Args:
        root: see :func:`mmnoisy.arrays.data_set.opened`; checkpoints are kept there too.
        num_verified: number of images of V.
        systems: by name.
        stages: names of those to train, each after the one that it starts from.
        seed: of the run.
        recipes: by system; what is missing is searched on V.

    Attributes:
        data: T and V, as in tests.
        stages: as above.

    Raises:
        InputError: verdicts are needed, and there are none.
    """

    def __init__(
        self,
        root: Path,
        num_verified: int,
        systems: Mapping[str, System],
        stages: Sequence[str],
        seed: int,
        recipes: Mapping[str, Recipe],
    ) -> None:
        self.stages = stages
        subsets = ('train', 'validation') if num_verified else ('train',)
        self.data = Data(systems[stages[-1]].cfg, subsets)
        self._trainer = Trainer(self.data, root / 'runs', systems, {})
        learning = [name for name in stages if self._trainer.depends_on_v(name)]
        if not num_verified and (learning or {*stages} - {*recipes}):
            raise InputError(
                f'method={stages[-1]!r}: learns from verdicts, or is to choose its learning rates '
                "by them; give verified=V, or fit method='baseline' with search_rates=False"
            )
        self._grid = Grid(self._trainer, stages, [seed], [num_verified], (), recipes)
        self._size, self._seed = num_verified, seed
        self._models: Dict[Job, Any] = {}

    def train(self, verified: Optional[np.ndarray] = None) -> Any:
        """The trained model in evaluation mode.

        Args:
            verified: numbers of the images of V to learn from; None for all. What learns from
                none is trained once only.
        """
        with _undisturbed():
            return self._train(verified)

    def _train(self, verified: Optional[np.ndarray]) -> Any:
        images = np.arange(self._size) if verified is None else verified
        sizes = {'train': len(self.data.train), 'validation': len(images)}
        systems, trainer = self._trainer.systems, self._trainer
        jobs = [trainer.job(name, len(images), self._seed) for name in self.stages]
        weights = {job: trainer.folder(job) / 'weights.pth' for job in jobs}
        left = [job for job in jobs if job not in self._models]
        if verified is None:  # a choice has trained what the method begins with
            left = [job for job in left if job == jobs[-1] or not weights[job].exists()]
        steps = {job.system: number_of_steps(systems[job.system].cfg, sizes) for job in left}
        model: Any = None
        with Progress(steps) as trainer.progress:
            for job in left:
                cfg = trainer.config(job, self.recipe(job.system), images)
                model = trainer.train(job, cfg, 'training')
                weights[job].parent.mkdir(parents=True, exist_ok=True)
                trainer.save(model, weights[job])
                if not job.verified:
                    self._models[job] = model
        return self._models.get(jobs[-1], model)

    def recipe(self, stage: str) -> Recipe:
        """The recipe of one of the stages, given or found by a search; after :meth:`train`."""
        return self._grid.recipe(stage, self._size)

    def model_settings(self) -> Dict[str, Any]:
        """The ``model`` of the method's config, complete; after :meth:`train`."""
        job = self._trainer.job(self.stages[-1], self._size, self._seed)
        cfg = self._trainer.settings(job, self.recipe(job.system))
        fill_classes(cfg)
        return cfg.model.to_dict()


def seed_of(random_state: Any) -> int:
    """The seed that a ``random_state`` of scikit-learn gives."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Leaves the generators of random numbers and MMEngine's scope as they were."""
    states = random.getstate(), np.random.get_state()
    if not MMLogger.check_instance_created('arrays'):
        # No list of all weights of every model.
        MMLogger.get_instance('arrays', log_level='WARNING')
    with torch.random.fork_rng(), DefaultScope.overwrite_default_scope('mmpretrain'):
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
