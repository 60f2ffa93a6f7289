"""Scores of V by models that have not seen its verdicts: K folds, K trainings."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Dict, Tuple

import numpy as np
from mmengine.config import Config

from mmnoisy.cleaning.blocks import Blocks
from mmnoisy.cleaning.clean import labels_hash
from mmnoisy.cleaning.pairs import PAIR, Rule, pairs_of
from mmnoisy.cleaning.scorer import Scorer
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.engine.partial_training import require_folds, train_on_part
from mmnoisy.engine.sets import build_set, index_folder, set_config, trained_on
from mmnoisy.errors import InputError
from mmnoisy.io.progress import progress


def fold_of_images(num_images: int, num_folds: int) -> np.ndarray:
    """(N,) the fold of each image: all of nearly the same size, the same in every run."""
    return np.random.default_rng(0).permutation(num_images) % num_folds


def cross_fit(
    cfg: Config, num_folds: int, batch_size: int, num_workers: int, folder: Path
) -> Tuple[np.ndarray, np.ndarray]:
    """Trains the config once for each fold of V, without it, and scores the labels of the fold.

    Every other setting of the training stays, so that scores mean what they mean in a checkpoint
    of the config. The test set is not looked at. Folds that are finished are not trained again.

    Args:
        cfg: of the joint model, which trains on its ``verified_set``.
        num_folds: K, at least 2.
        batch_size: images at once, when scoring.
        num_workers: processes that load pictures, when scoring.
        folder: for the scores of finished folds and the logs.

    Returns:
        (P,) of type ``PAIR``, the noisy labels of all images of V, ``image`` being the row, and
        (P,) the fold of each.

    Raises:
        InputError: the config does not train on V, or V has fewer images than folds.
    """
    dataset = build_set(cfg, 'validation')
    if not len(dataset.index.verdicts.label) or 'validation' not in trained_on(cfg):
        raise InputError(
            f'{cfg.filename}: does not train on its verified_set, or that has no verdict, so '
            'nothing can be learned of errors; give the config of the joint model, and that of V'
        )
    fold = fold_of_images(len(dataset), num_folds)
    require_folds(num_folds, len(dataset))
    blocks = Blocks(folder / 'scores', _made_of(cfg, dataset.index), num_folds)
    for k in progress('cross-fitting', blocks.missing(), unit='trainings'):
        rest = np.flatnonzero(fold != k).tolist()
        model = train_on_part(cfg, 'validation', rest, folder / f'fold_{k}')
        scorer = Scorer(model, dataset, batch_size, num_workers)
        pairs = label_scores(scorer)
        blocks.write(k, pairs[np.isin(pairs['image'], scorer.rows[fold == k])])
        shutil.rmtree(folder / f'fold_{k}')
    parts = [*blocks]
    return np.concatenate(parts), np.repeat(np.arange(num_folds), [*map(len, parts)])


def label_scores(scorer: Scorer) -> np.ndarray:
    """The noisy labels of an index as pairs with their scores.

    Returns:
        (P,) of type ``PAIR``, ``image`` being the row; images without a picture are left out.
    """
    parts = [np.zeros(0, PAIR)]
    every_class = np.ones(scorer.num_classes, bool)
    for rows, scores in scorer([slice(0, len(scorer.index))]):
        noisy = scorer.index.noisy.take(np.arange(rows.start, rows.stop))
        pairs = pairs_of(noisy, scores, every_class, Rule(max_added=0))
        pairs['image'] += np.uint32(rows.start)
        parts.append(pairs[~np.isnan(pairs['raw'])])
    return np.concatenate(parts)


def _made_of(cfg: Config, validation: LabelIndex) -> Dict[str, Any]:
    """What the trainings depend on: settings, labels and verdicts, the weights to begin with."""
    parts = ('model', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg')
    settings = {key: cfg.get(key) for key in parts}
    train = LabelIndex.open(index_folder(set_config(cfg, 'train')))
    weights = cfg.get('load_from') or ''
    content = Path(weights).read_bytes() if Path(weights).is_file() else weights.encode()
    return dict(
        settings=json.dumps(settings, sort_keys=True, default=str),
        train=labels_hash(train),
        validation=labels_hash(validation),
        load_from=hashlib.sha256(content).hexdigest(),
    )
