"""The scores that a classifier gives on a config's V or test set, beside the verdicts.

New pictures come without labels of a machine, and verdicts are on such labels only: of the pairs
that nobody rated most are absent, and a threshold that never met one is far too low. So they are
here too, to count as absent, as in training; those with a score below ``FLOOR``, nearly all there
are, need not be kept.

A classifier that learned from V looks far better on V than it is: thresholds and probabilities
chosen on such scores promise too much. Cross-fitting scores every image of V by a classifier that
has not seen it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmnoisy.cleaning.cross_fit import cross_fit
from mmnoisy.engine.hooks.class_list_hook import check_classes
from mmnoisy.engine.sets import as_in_tests, loader_of_tests
from mmnoisy.errors import InputError
from mmnoisy.evaluation.verified_average_precision import VERIFIED_PAIR
from mmnoisy.io.progress import progress

FLOOR = 0.01
# A pair of the metric, its image by a number of its own, and whether somebody rated it.
SCORED_PAIR = np.dtype([*VERIFIED_PAIR.descr, ('rated', np.bool_), ('image', np.int64)])


def verified_scores(
    model: Any, cfg: Config, dataset: dict, checkpoint: str = 'the model'
) -> np.ndarray:
    """Scores of the images with a verdict, in one pass over the pictures or features of a set.

    Args:
        model: a multi-label classifier of MMPretrain, in evaluation mode.
        cfg: whose ``test_dataloader`` is used, if it has one.
        dataset: the config of the set.
        checkpoint: of the model, to be named where its class list differs from that of the set.

    Returns:
        (P,) of type ``SCORED_PAIR``: every rated pair, and every other one of these images
        with a score of ``FLOOR`` and more, not ``present``.

    Raises:
        InputError: the class lists differ, or the set cannot be opened or has no verdicts.
    """
    pairs = [np.empty(0, SCORED_PAIR)]
    with DefaultScope.overwrite_default_scope('mmpretrain'), torch.no_grad():
        loader = Runner.build_dataloader({**loader_of_tests(cfg), 'dataset': dataset})
        trained = (getattr(model, '_dataset_meta', None) or {}).get('classes', ())
        check_classes([*trained], [*loader.dataset.metainfo['classes']], checkpoint)
        for batch in progress(f'scores of {dataset["ann_file"]}', loader, unit='batches'):
            for sample in model.test_step(batch):
                pairs.append(image_pairs(sample, len(pairs)))
    found = np.concatenate(pairs)
    if not found['rated'].any():
        raise InputError(f'{dataset["ann_file"]}: has no verdict; give an index with verdicts')
    return found


def image_pairs(sample: Any, image: int = 0) -> np.ndarray:
    """The pairs of one image, by class; none without a verdict.

    Args:
        sample: with ``pred_score`` (C,) and the class ids ``verified_pos`` and ``verified_neg``.
        image: its number.
    """
    score = sample.pred_score.float().cpu().numpy()
    present, rated = (np.zeros(len(score), bool) for _ in range(2))
    present[sample.verified_pos] = True
    rated[np.concatenate([sample.verified_pos, sample.verified_neg]).astype(np.int64)] = True
    kept = np.flatnonzero(rated | (score >= FLOOR)) if rated.any() else np.zeros(0, np.int64)
    pairs = np.empty(len(kept), SCORED_PAIR)
    pairs['class_id'], pairs['image'] = kept, image
    for name, values in dict(score=score, present=present, rated=rated).items():
        pairs[name] = values[kept]
    return pairs


def cross_fitted_scores(cfg: Config, folds: int) -> np.ndarray:
    """The scores of V by classifiers that have not seen it, see :func:`cross_fit`.

    Args:
        cfg: of a model that learns from V.
        folds: number of parts and of runs, at least 2.

    Returns:
        As :func:`verified_scores`, for all of V.

    Raises:
        InputError: as in both.
    """
    dataset = as_in_tests(cfg, 'validation')

    def scores_of(model: Any, images: np.ndarray) -> np.ndarray:
        return verified_scores(model, cfg, {**dataset, 'indices': images.tolist()})

    found, fold = cross_fit(cfg, folds, scores_of)
    found['image'] += fold * (int(found['image'].max()) + 1)  # others than those of other folds
    return found
