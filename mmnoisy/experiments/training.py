"""Trains a system of a comparison, as ``tools/train.py`` would train the same config."""

from __future__ import annotations

import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device

from mmnoisy.engine.checkpoints.provenance import config_text
from mmnoisy.engine.partial_training import train_here
from mmnoisy.engine.sets import build_set, parts_of, trained_on
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.evaluation import all_scores
from mmnoisy.experiments.filtering import filtered, folds
from mmnoisy.experiments.fingerprint import fingerprint
from mmnoisy.experiments.indexes import keep, part_of, readable
from mmnoisy.experiments.processes import for_each
from mmnoisy.experiments.progress import Progress, StepHook
from mmnoisy.experiments.search import Recipe
from mmnoisy.experiments.settings import read_index, settings_of
from mmnoisy.experiments.systems import FILTERED_BY, System


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


class Trainer:
    """Makes the config of a run, and trains it.

    Args:
        data: what to train on.
        out: folder of the comparison.
        systems: all of it.
        bounds: indexes of T with verdicts, by the name of the bound.
        batch_size: see :func:`mmnoisy.experiments.settings.settings_of`.
        processes: of :meth:`at_once`, as of
            :func:`mmnoisy.experiments.processes.number_of_processes`.

    Attributes:
        recipe: gives the recipe of a system at a number of verified images.
        progress: the bar.
    """

    recipe: Callable[[str, int], Recipe]
    progress: Progress

    def __init__(
        self,
        data: Data,
        out: Path,
        systems: Mapping[str, System],
        bounds: Mapping[str, Path],
        batch_size: Optional[int] = None,
        processes: Optional[int] = 1,
    ) -> None:
        self.data, self.out, self.systems = data, out.resolve(), systems
        self.bounds, self.batch_size, self.processes = bounds, batch_size, processes
        self._cross_fitted: Dict[Tuple[int, bytes], np.ndarray] = {}

    def train(self, job: Job, cfg: Config, stage: str) -> Any:
        """The model of a config, trained; ``stage`` is what the bar says."""
        self.progress.stage(job.system, job.seed, stage)
        # MMEngine prints the path of every checkpoint that it loads.
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
            return train_here(cfg, Path(folder, job.system), [StepHook(self.progress)])

    def at_once(self, work: Callable[..., Any], calls: Sequence[Tuple]) -> None:
        """Calls a function that trains, several times at once.

        Args:
            work: leaves what it makes in files; no call needs what another one makes.
            calls: the arguments of each.

        Raises:
            InputError: as :func:`mmnoisy.experiments.processes.for_each`.
        """

        def one(arguments: Tuple, progress: Progress) -> None:
            self.progress = progress
            work(*arguments)

        for_each(calls, one, self.progress, self.processes)

    def settings(self, job: Job, recipe: Recipe) -> Config:
        """The config of a system, but for its label indexes."""
        cfg = settings_of(self.systems, job.system, recipe, job.seed, self.batch_size)
        start = self.systems[job.system].start
        if start:
            cfg.load_from = self._weights_of(start, job)
        others = self.systems[job.system].get('average_with')
        if others:
            checkpoints = [self._weights_of(other, job) for other in others]
            hook = dict(type='AverageHeadHook', checkpoints=checkpoints)
            cfg.custom_hooks = [*cfg.custom_hooks, hook]
        return cfg

    def config(self, job: Job, recipe: Recipe, verified: np.ndarray, start: str = '') -> Config:
        """What ``tools/train.py`` would be given to train the same."""
        system, cfg = self.systems[job.system], self.settings(job, recipe)
        if start:
            cfg.load_from = start
        if system.get('bound'):
            read_index(cfg, 'train', self.bounds[system.get('bound')])
        if (cfg.get('experiment') or {}).get('filter') and 'train' in trained_on(cfg):
            read_index(cfg, 'train', self._filtered(cfg.experiment.filter, verified, job))
        if system.uses_verdicts and len(verified) < len(self.data.validation):
            read_index(cfg, 'validation', self._part('validation', verified))
        if get_device() != 'cpu':  # where the features of the sets to train on have room
            cfg.train_dataloader.pin_memory = False
            for part in parts_of(cfg):
                part.device = get_device()
        return cfg

    def save(self, model: Any, path: Path) -> str:
        """Writes a checkpoint that any config with these heads can load, on pictures too."""
        meta = {'dataset_meta': self.data.train.metainfo, 'cfg': config_text(model._config)}
        state = {key: value.cpu() for key, value in model.state_dict().items()}
        torch.save({'meta': meta, 'state_dict': state}, path)
        return str(path)

    def job(self, name: str, size: int, seed: int) -> Job:
        """A system at a number of verified images, if that matters to it."""
        return Job(name, size if self.depends_on_v(name) else 0, seed)

    def depends_on_v(self, name: str) -> bool:
        """Whether the number of verified images matters to a system."""
        system = self.systems[name]
        return system.uses_verdicts or bool(system.get('filter'))

    def folder(self, job: Job) -> Path:
        """Of what is kept of a run."""
        return self.out / 'runs' / f'{job.system}-v{job.verified}-s{job.seed}'

    def made_by(self, settings: Config) -> Dict[str, str]:
        """Settings, code and data of a run, see :func:`fingerprint`."""
        bound = (settings.get('experiment') or {}).get('bound')
        data = f'{self.data.checksum:08x} {self.bounds[bound].name if bound else ""}'.strip()
        return fingerprint(settings, {str(self.out): 'OUT', **self.data.places}, data)

    def _weights_of(self, name: str, job: Job) -> str:
        """The checkpoint of another system at the verified images and the seed of a run."""
        return str(self.folder(self.job(name, job.verified, job.seed)) / 'weights.pth')

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
                        of_part = self.job(name, job.verified, job.seed)
                        cfg = self.config(of_part, recipe, verified, start)
                        read_index(cfg, 'train', others)
                        model = self.train(of_part, cfg, stage)
                        start = self.save(model, Path(folder, f'{name}.pth'))
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
