"""A method on a data set: its config, after those that it starts from, through the runner."""

from __future__ import annotations

import gc
import random
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional

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


class Training:
    """Trains as ``tools/compare.py`` trains the same method with the same seed.

    Args:
        root: see :func:`mmnoisy.arrays.data_set.opened`; checkpoints are kept there too.
        num_verified: number of images of V.
        method: one of :data:`METHODS`.
        seed: of the run.
        steps: of each training; None: as many as the configs say.
        recipes: by system; what is missing is searched on V. None: the configs' own.

    Attributes:
        data: T and V, as in tests.

    Raises:
        InputError: there is no such method, or it needs verdicts and there are none.
    """

    def __init__(
        self,
        root: Path,
        num_verified: int,
        method: str,
        seed: int,
        steps: Optional[int] = None,
        recipes: Optional[Mapping[str, Recipe]] = None,
    ) -> None:
        if method not in METHODS:
            raise InputError(
                f'method={method!r}: is none{like(str(method), METHODS)}; methods are '
                f'{", ".join(METHODS)}'
            )
        options: Dict[str, Any] = {'index': str(root / 'index')}
        if steps is not None:
            options.update({'train_cfg.min_images': None, 'train_cfg.max_iters': steps})
        systems = load_systems([method], root / 'features', options)
        self.stages = _stages(method, systems) if recipes is None else to_train([method], systems)
        subsets = ('train', 'validation') if num_verified else ('train',)
        self.data = Data(systems[method].cfg, subsets)
        self._trainer = Trainer(self.data, root / 'runs', systems, {})
        searched = {*self.stages} - {*(self.stages if recipes is None else recipes)}
        if not num_verified and (searched or any(map(self._trainer.depends_on_v, self.stages))):
            raise InputError(
                f'method={method!r}: learns from verdicts, or is to choose its learning rates by '
                "them; give verified=V, or fit method='baseline' with search_rates=False"
            )
        given = dict.fromkeys(systems, Recipe()) if recipes is None else recipes
        self._grid = Grid(self._trainer, self.stages, [seed], [num_verified], (), given)
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
        left = {
            job.system: number_of_steps(systems[job.system].cfg, sizes)
            for job in jobs
            if job not in self._models
        }
        model: Any = None
        with Progress(left) as trainer.progress:
            for job in jobs:
                model = self._models.get(job)
                if model is None:
                    cfg = trainer.config(job, self.recipe(job.system), images)
                    model = trainer.train(job, cfg, 'training')
                    trainer.folder(job).mkdir(parents=True, exist_ok=True)
                    trainer.save(model, trainer.folder(job) / 'weights.pth')
                if not job.verified:
                    self._models[job] = model
                gc.collect()  # the runner, whose cycles hold arrays as long as T
        return model

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


def _stages(method: str, systems: Mapping[str, System]) -> List[str]:
    """A system after all that it starts from."""
    start = systems[method].start
    return [*(_stages(start, systems) if start else ()), method]
