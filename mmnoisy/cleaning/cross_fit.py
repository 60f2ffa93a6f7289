"""Scores of V by models that have not seen its verdicts: K folds, K trainings."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, ContextManager, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import print_log
from tqdm import tqdm

from mmnoisy.cleaning.clean import labels_hash
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.engine.checkpoints.provenance import config_of, start_of
from mmnoisy.engine.config import placed
from mmnoisy.engine.partial_training import require_folds, train_here, train_on_part
from mmnoisy.engine.sets import SETS, build_set, index_folder, set_config, trained_on
from mmnoisy.errors import InputError
from mmnoisy.io.progress import progress
from mmnoisy.io.shards import Blocks
from mmnoisy.io.texts import Texts


def fold_of_images(num_images: int, num_folds: int) -> np.ndarray:
    """(N,) the fold of each image: all of nearly the same size, the same in every run."""
    return np.random.default_rng(0).permutation(num_images) % num_folds


def cross_fit(
    cfg: Config,
    num_folds: int,
    score: Callable[[Any, np.ndarray], np.ndarray],
    folder: Optional[Path] = None,
) -> Tuple[np.ndarray, np.ndarray]:
    """Trains the config once for each fold of V, without it, and scores the images of the fold.

    Every other setting of the training stays, so that scores mean what they mean in a checkpoint
    of the config. The test set is not looked at. Where the checkpoint that it begins with has
    learned from V, it is trained again for each fold, too, see :func:`stages_on_v`.

    Args:
        cfg: of a model that trains on its ``verified_set``.
        num_folds: K, at least 2.
        score: given a model in evaluation mode and the numbers of the images of a fold, ascending,
            what it says of them, an array of its own type and of any length.
        folder: where the scores of finished folds stay, which are then not trained again, and the
            logs; None to keep nothing.

    Returns:
        (P,) what was said of all images of V, fold by fold, and (P,) the fold of each.

    Raises:
        InputError: the config does not train on V, or V has no verdict or fewer images than folds.
    """
    dataset = build_set(cfg, 'validation')
    if not len(dataset.index.verdicts.label):
        folder_of_v = index_folder(cfg.verified_set)
        raise InputError(f'{folder_of_v}: has no verdict; give an index with verdicts')
    if 'validation' not in trained_on(cfg):
        raise InputError(
            f'{cfg.filename}: does not train on its verified_set, so there is nothing to leave out '
            'of it; give the config of a model that learns from V'
        )
    require_folds(num_folds, len(dataset))
    fold = fold_of_images(len(dataset), num_folds)
    place: ContextManager[Union[str, Path]] = (
        TemporaryDirectory(prefix='mmnoisy-') if folder is None else nullcontext(folder)
    )
    with place as name:
        work_dir = Path(name)
        stages = stages_on_v(cfg)
        blocks = Blocks(work_dir / 'scores', _made_of(stages, dataset.index), num_folds)
        missing = blocks.missing()
        with progress('cross-fitting', unit='steps', wanted=bool(missing)) as bar:
            steps = _Steps(bar, len(missing) * len(stages))
            for k in missing:
                bar.set_description(f'cross-fitting, fold {k + 1} of {num_folds}')
                held = dataset.index.image_ids[np.flatnonzero(fold == k)]
                model = _train_without(held, stages, work_dir / f'fold_{k}', [steps])
                blocks.write(k, score(model, np.flatnonzero(fold == k)))
                shutil.rmtree(work_dir / f'fold_{k}', ignore_errors=True)
        parts = [*blocks]
    return np.concatenate(parts), np.repeat(np.arange(num_folds), [*map(len, parts)])


def stages_on_v(cfg: Config) -> List[Config]:
    """The trainings that carry what V says into a model, the first one first.

    The last is that of the config. Before it come those of the checkpoints that each begins with,
    by the configs in them, back to the first that has learned from V.

    Args:
        cfg: resolved, of a model that trains on V.

    Raises:
        InputError: what one of them has learned from is there no more.
    """
    stages = [cfg]
    start = start_of(cfg)
    while start:
        before = config_of(start)
        sets = _sets_of(before)
        if before is not None and sets:
            before = _where_it_is(before, sets[0], cfg)
        if before is None or sets is None:
            print_log(
                f'{start}: does not say what it has learned from; if V is among it, the '
                'cross-fitted figures are too good',
                'current',
                logging.WARNING,
            )
            break
        stages.append(before)
        start = start_of(before)
    while 'validation' not in trained_on(stages[-1]):
        stages.pop()
    for later, before in zip(stages, stages[1:]):
        _require_sets(before, str(start_of(later)))
    return stages[::-1]


def _sets_of(cfg: Optional[Config]) -> Optional[Tuple[str, ...]]:
    try:
        return trained_on(cfg) or None if cfg is not None else None
    except InputError:  # of a config that is not one of ours
        return None


def _where_it_is(before: Config, subset: str, cfg: Config) -> Config:
    """The config of a checkpoint; of a folder that was moved since with the paths of today."""
    if index_folder(set_config(before, subset)).is_dir() or not cfg.get(SETS[subset]):
        return before
    old, new = (_home(one, subset) for one in (before, cfg))
    return Config(placed(before.to_dict(), dict.fromkeys(old, new[-1])))


def _home(cfg: Config, subset: str) -> List[str]:
    """The folder of indexes, features and checkpoints, as a config has it and without ``..``."""
    folder = str(index_folder(set_config(cfg, subset)).absolute().parent.parent)
    return [folder, os.path.normpath(folder)]


def _require_sets(cfg: Config, start: str) -> None:
    for subset in trained_on(cfg):
        index = index_folder(set_config(cfg, subset))
        if not index.is_dir():
            raise InputError(
                f'{start}: has learned from {index}, which is no longer there; put it back, or '
                'train the checkpoint again'
            )


class _Steps(Hook):
    """Tells a bar of the steps of some trainings; those to come are taken to be as long."""

    def __init__(self, bar: tqdm, trainings: int) -> None:
        self.bar, self.trainings = bar, trainings
        self.begun = self.steps = 0

    def before_train(self, runner: Any) -> None:
        """Knows the length of one more."""
        self.begun += 1
        self.steps += runner.max_iters
        self.bar.total = round(self.steps * self.trainings / self.begun)

    def after_train_iter(self, *_: Any, **__: Any) -> None:
        """Counts it."""
        self.bar.update()


def _train_without(
    held: Texts, stages: Sequence[Config], work_dir: Path, hooks: Sequence[Hook]
) -> Any:
    """The model of the last of some trainings, all of them without some images of V."""
    start = start_of(stages[0])
    for number, stage in enumerate(stages):
        stage = copy.deepcopy(stage)
        stage.load_from, stage.resume = start or None, False
        folder = work_dir / str(number)
        if 'validation' in trained_on(stage):
            known = build_set(stage, 'validation').index.image_ids
            rest = np.flatnonzero(held.rows(known) < 0).tolist()
            model = train_on_part(stage, 'validation', rest, folder, hooks)
        else:
            model = train_here(stage, folder, hooks)
        if number < len(stages) - 1:
            start = str(folder / 'weights.pth')
            torch.save({'state_dict': model.state_dict()}, start)
    return model


def _made_of(stages: Sequence[Config], validation: LabelIndex) -> Dict[str, Any]:
    """What the trainings depend on: settings, labels and verdicts, the weights to begin with."""
    parts = ('model', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg')
    settings = []
    for cfg in stages:
        said = {key: cfg.to_dict().get(key) for key in parts}
        settings.append(placed(said, dict.fromkeys(_home(cfg, 'train'), '')))
    train = LabelIndex.open(index_folder(set_config(stages[-1], 'train')))
    weights = start_of(stages[0]) or ''
    content = Path(weights).read_bytes() if Path(weights).is_file() else weights.encode()
    return dict(
        settings=json.dumps(settings, sort_keys=True, default=str),
        train=labels_hash(train),
        validation=labels_hash(validation),
        load_from=hashlib.sha256(content).hexdigest(),
    )
