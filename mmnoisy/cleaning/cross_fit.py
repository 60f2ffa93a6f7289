"""Scores of V by models that have not seen its verdicts: K folds, K trainings."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, ContextManager, Dict, Optional, Tuple, Union

import numpy as np
from mmengine.config import Config

from mmnoisy.cleaning.clean import labels_hash
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.engine.checkpoints.reading import checkpoint_file
from mmnoisy.engine.partial_training import require_folds, train_on_part
from mmnoisy.engine.sets import build_set, index_folder, set_config, trained_on
from mmnoisy.errors import InputError
from mmnoisy.io.progress import progress
from mmnoisy.io.shards import Blocks


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
    of the config. The test set is not looked at. Where ``load_from`` has learned from V, so have
    all of these models.

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
        blocks = Blocks(work_dir / 'scores', _made_of(cfg, dataset.index), num_folds)
        for k in progress('cross-fitting', blocks.missing(), unit='trainings'):
            rest = np.flatnonzero(fold != k).tolist()
            model = train_on_part(cfg, 'validation', rest, work_dir / f'fold_{k}')
            blocks.write(k, score(model, np.flatnonzero(fold == k)))
            shutil.rmtree(work_dir / f'fold_{k}', ignore_errors=True)
        parts = [*blocks]
    return np.concatenate(parts), np.repeat(np.arange(num_folds), [*map(len, parts)])


def _made_of(cfg: Config, validation: LabelIndex) -> Dict[str, Any]:
    """What the trainings depend on: settings, labels and verdicts, the weights to begin with."""
    parts = ('model', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg')
    settings = {key: cfg.get(key) for key in parts}
    train = LabelIndex.open(index_folder(set_config(cfg, 'train')))
    weights = checkpoint_file(cfg.load_from) if cfg.get('load_from') else ''
    content = Path(weights).read_bytes() if Path(weights).is_file() else weights.encode()
    return dict(
        settings=json.dumps(settings, sort_keys=True, default=str),
        train=labels_hash(train),
        validation=labels_hash(validation),
        load_from=hashlib.sha256(content).hexdigest(),
    )
