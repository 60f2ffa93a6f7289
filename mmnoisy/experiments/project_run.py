"""From a project to a model that was chosen for it: stages, each of which is done once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional, Sequence
from zlib import crc32

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

import mmnoisy.components  # noqa: F401
from mmnoisy.datasets.project import Project
from mmnoisy.engine.config import load_config
from mmnoisy.engine.runner import build_runner, resume_from
from mmnoisy.errors import InputError
from mmnoisy.experiments.auto import (
    Choice,
    choose,
    hooks_with_members,
    require_methods,
)
from mmnoisy.experiments.fingerprint import fingerprint
from mmnoisy.experiments.indexes import checksum
from mmnoisy.experiments.judgement import plain
from mmnoisy.experiments.parts_of_t import train_parts
from mmnoisy.experiments.portfolio import CLEANER, METHODS, START
from mmnoisy.experiments.progress import Progress, StepHook
from mmnoisy.experiments.project_config import (
    DEFAULT,
    WITHOUT_TEST,
    Pictures,
    config_text,
    pictures_of,
    precomputed,
)
from mmnoisy.experiments.project_features import (
    extract_features,
    finished,
    import_features,
    keep_made_of,
    open_rows,
)
from mmnoisy.experiments.project_figures import project_figures
from mmnoisy.experiments.report.project import write_page
from mmnoisy.experiments.systems import AUTO
from mmnoisy.io.atomic import atomic_path, atomic_write, write_json
from mmnoisy.io.lock import lock
from mmnoisy.io.texts import concatenate
from mmnoisy.wording import counted

_STAGES = 7


class Settings(NamedTuple):
    """What a user may say.

    Attributes:
        backbone: a network of timm, or a config of MMPretrain.
        weights: a file with its weights; None: timm fetches them.
        image_size: edge of the pictures; None: that of the network.
        features: a file of features, in place of a backbone.
        feature_ids: the ids of its rows.
        method: ``'auto'``, or the name of one.
        seed: of everything that is drawn.
        options: settings that replace those of all configs.
        num_workers: processes that load pictures.
        processes: that train at once, as of
            :func:`mmnoisy.experiments.processes.number_of_processes`.
    """

    backbone: str = DEFAULT
    weights: Optional[Path] = None
    image_size: Optional[int] = None
    features: Optional[Path] = None
    feature_ids: Optional[Path] = None
    method: str = AUTO
    seed: int = 0
    options: Mapping[str, Any] = {}
    num_workers: int = 1
    processes: Optional[int] = None


def run_project(folder: Path, settings: Settings) -> Dict[str, Any]:
    """Chooses a method for a project and trains it; goes on where it was ended.

    Writes ``features``, ``config.py``, ``start.pth`` and ``members`` (what its training begins
    with, and is averaged with), ``model`` (its work dir), ``choice.json`` and ``index.html``; what
    it keeps on the way is in ``runs``.

    Args:
        folder: of the project.
        settings: see there.

    Returns:
        What ``choice.json`` holds.

    Raises:
        InputError: something cannot be used, or another run is at work there.
    """
    project = Project.open(folder)
    if settings.method != 'auto':
        require_methods([settings.method])  # before features, which may take hours
    if not MMLogger.check_instance_created('mmnoisy'):  # no list of all weights of every model
        MMLogger.get_instance('mmnoisy', log_level='WARNING')
    init_default_scope('mmpretrain')
    with lock(project.folder):
        return _Run(project, settings).all_stages()


class _Run:
    """The stages."""

    def __init__(self, project: Project, settings: Settings) -> None:
        self.project, self.settings = project, settings
        self.number = 0

    def all_stages(self) -> Dict[str, Any]:
        begin = time.perf_counter()
        with self.stage('sets'):
            sizes = self.check_sets()
        with self.stage('features'):
            self.make_features()
        with self.stage('choice of a method on V'):
            choice = self.choose()
        with self.stage(f'training of {choice.method.name} on all of T and V'):
            cfg = self.train(choice)
        with self.stage('cleaning networks for the parts of T'):
            self.train_parts(choice)
        with self.stage('figures'):
            found = self.figures(choice, cfg)
        with self.stage('page'):
            found.update(images=sizes, seconds=time.perf_counter() - begin)
            write_json(self.project.choice, plain(found))
            write_page(self.project.folder / 'index.html', self.project, found)
        return found

    @contextmanager
    def stage(self, what: str) -> Iterator[None]:
        """Says what is done and how long it took."""
        self.number += 1
        begin = time.perf_counter()
        print(f'[{self.number}/{_STAGES}] {what} ...', flush=True)
        yield
        minutes, seconds = divmod(round(time.perf_counter() - begin), 60)
        print(f'      {minutes}:{seconds:02d}', flush=True)

    def check_sets(self) -> Dict[str, int]:
        """Sizes of the sets that are there; refuses what nothing can be learned from."""
        self.indexes = self.project.indexes()
        train, verified = self.indexes['train'], self.indexes['validation']
        if not len(train):
            raise InputError(f'{self.project.index / "train"}: has no image; import some')
        if len(verified) < 2 or not verified.verdicts.value.any():
            images = counted(len(verified), 'verified image')
            raise InputError(
                f'{self.project.index / "validation"}: has {images} and '
                f'{counted(verified.verdicts.value.sum(), "present label")}; verify at least two '
                'images with a label that is present, and import the verdicts'
            )
        test = self.indexes.get('test')
        self.has_test = test is not None and bool(test.verdicts.value.any())
        if not self.has_test:
            self.indexes.pop('test', None)
        return {subset: len(index) for subset, index in self.indexes.items()}

    def make_features(self) -> None:
        """Extracts or imports the features."""
        given = self.settings
        if given.features is not None:
            status = os.stat(given.features)
            made_of: Dict[str, Any] = dict(
                features=str(given.features.resolve()),
                ids=str(given.feature_ids and given.feature_ids.resolve()),
                bytes=status.st_size,
                changed=status.st_mtime_ns,
            )
            self.pictures: Pictures = precomputed(open_rows(given.features).shape[1])
        else:
            if given.weights and not given.weights.is_file():
                raise InputError(
                    f'--weights {given.weights}: there is no such file; check the path'
                )
            weights = str(given.weights.resolve()) if given.weights else None
            self.pictures = pictures_of(given.backbone, weights, given.image_size)
            made_of = dict(backbone=given.backbone, weights=weights, size=given.image_size)
        # Of the images, in whichever sets they are: verdicts move some.
        ids = concatenate([index.image_ids for index in self.indexes.values()]).sorted_once()
        made_of['images'] = f'{crc32(ids.arrays()[1].data):08x}'
        if finished(self.project, made_of, [*self.indexes]):
            return
        keep_made_of(self.project, made_of)
        if given.features is not None:
            import_features(self.project, given.features, given.feature_ids)
            return
        self.write_config('baseline', {})
        extract_features(self.project, given.num_workers)

    def choose(self) -> Choice:
        """Chooses; what belongs to other data, settings or code goes when all is done."""
        given = self.settings
        self.options = {**given.options, **({} if self.has_test else WITHOUT_TEST)}
        said = Config(dict(method=given.method, options=self.options, seed=given.seed))
        data = (self.project.features / 'made_of.json').read_text('utf-8')
        data += f'{checksum(*self.indexes.values()):08x}'
        made_of = fingerprint(said, {}, data)
        digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]
        self.runs = self.project.folder / 'runs' / digest
        only: Sequence[str] = METHODS if given.method == AUTO else [given.method]
        index, features = self.project.index, self.project.features
        where = index, features, self.runs
        return choose(*where, given.seed, self.options, only, given.processes)

    def train(self, choice: Choice) -> Config:
        """Trains the config of the project, as tools/train.py does."""
        start = self.project.folder / 'start.pth'
        with atomic_path(start) as part:
            shutil.copyfile(choice.start, part)
        changes = {**choice.settings, 'randomness': dict(seed=self.settings.seed)}
        if choice.members:
            changes['custom_hooks'] = hooks_with_members(
                choice, self.project.folder / 'members', '{{ fileDirname }}/members'
            )
        self.write_config(choice.method.system, changes, start.name, choice.method.text)
        model = self.project.folder / 'model'
        cfg = load_config(self.project.config, str(model), None, 'none', self.project.features)
        made_of = model / 'made_of.json'
        if made_of.is_file() and json.loads(made_of.read_text('utf-8')) == {'run': self.runs.name}:
            return cfg
        cfg.work_dir = str(self.runs / 'model')
        cfg.log_level = 'ERROR'
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        resume_from(cfg, 'auto')
        cfg.visualizer = dict(type='UniversalVisualizer', vis_backends=[])
        with redirect_stdout(StringIO()):
            runner = build_runner(cfg)
            name = choice.method.name
            with Progress({name: runner.train_loop.max_iters - runner.iter}) as bar:
                bar.stage(name, self.settings.seed, 'training')
                runner.register_hook(StepHook(bar))
                runner.train()
        write_json(self.runs / 'model' / 'made_of.json', {'run': self.runs.name})
        shutil.rmtree(model, ignore_errors=True)
        os.replace(self.runs / 'model', model)
        (model / 'last_checkpoint').unlink(missing_ok=True)  # it names the folder of before
        return load_config(self.project.config, str(model), None, 'none', self.project.features)

    def train_parts(self, choice: Choice) -> None:
        """Trains what cleans: networks that have not seen the labels that they look at."""
        trials, parts = choice.trials, self.project.parts
        one = trials.candidate(trials.begun[CLEANER])
        train_parts(trials, one.name, parts)
        start = parts / 'start.pth'  # of T whole, for a cross-fitting on V
        with atomic_path(start) as part:
            shutil.copyfile(trials.weights(trials.begun[START]), part)
        changes = {**one.changes, **self.options, 'randomness': dict(seed=self.settings.seed)}
        self.write_config(one.system, changes, start.name, one.text, self.project.cleaner)

    def figures(self, choice: Choice, cfg: Config) -> Dict[str, Any]:
        """What was found; what belongs to other data, settings or code goes."""
        found = project_figures(choice, self.project, cfg, self.settings.seed)
        for other in self.runs.parent.iterdir():
            if other != self.runs:
                shutil.rmtree(other, ignore_errors=True)
        return found

    def write_config(
        self,
        system: str,
        changes: Mapping[str, Any],
        start: str = '',
        text: str = '',
        path: Optional[Path] = None,
    ) -> None:
        """Writes the config of the project, or another one."""
        path = path or self.project.config
        given: Dict[str, Any] = dict(text=text[:1].upper() + text[1:] + '.') if text else {}
        content = config_text(
            self.project, self.pictures, self.has_test, system, changes, start, path=path, **given
        )
        with atomic_write(path) as file:
            file.write(content)
