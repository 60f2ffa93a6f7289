"""From a config and a checkpoint to a model and the data set that it is to look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

from mmengine.config import Config

from mmnoisy.cleaning.scorer import PartScorer, Scorer
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.engine.feature_extraction import weights_hash
from mmnoisy.engine.hooks.class_list_hook import check_classes, check_noisy_classes
from mmnoisy.engine.sets import build_set, set_config
from mmnoisy.engine.trained_model import load_classifier
from mmnoisy.errors import InputError
from mmnoisy.io.arrays import open_array
from mmnoisy.wording import counted

PARTS = 'part.npy'
"""The part that each image of T is in, beside the weights of the networks of the parts."""


def is_of_parts(checkpoint: str | Path) -> bool:
    """Whether a checkpoint is a folder with a network for each part of T."""
    return Path(checkpoint, PARTS).is_file()


def build_model(cfg: Config, checkpoint: str, index: LabelIndex) -> Any:
    """The model of a config with the weights of a checkpoint, in evaluation mode.

    Args:
        cfg: the config.
        checkpoint: a file; it need not hold the weights of a backbone that the config names.
        index: of the data set.

    Raises:
        InputError: the file is missing, is no checkpoint or one of another model or class list.
    """
    model = load_classifier(cfg, checkpoint, also=('cleaning_head.',))
    noisy_classes = index.info.get('noisy_classes', [])
    for key, classes in (('noisy_classes', noisy_classes), ('classes', index.classes)):
        check_classes([*model._dataset_meta.get(key, ())], classes, checkpoint)
    check_noisy_classes(model, noisy_classes)
    if model.head.num_classes != len(classes):
        raise InputError(
            f'model.head.num_classes={model.head.num_classes}: the class list of the index has '
            f'{counted(len(classes), "class")}; give the config and the checkpoint of that list'
        )
    return model


def build_scorer(
    cfg: Config, checkpoint: str, subset: str, batch_size: int, num_workers: int
) -> Scorer:
    """The model of a config with a checkpoint's weights, before one of its data sets.

    Where the checkpoint is a folder of the networks of the parts of T, see
    :mod:`mmnoisy.experiments.parts_of_t`, each image of T is looked at by the network that has not
    learned from it, and all others by the mean of all.

    Args:
        cfg: the config.
        checkpoint: a file, or that folder.
        subset: the set, a key of :data:`mmnoisy.engine.sets.SETS`.
        batch_size: images at once.
        num_workers: processes that load pictures.

    Raises:
        InputError: they cannot be used, or have learned from another T.
    """
    dataset = build_set(cfg, subset)
    if not is_of_parts(checkpoint):
        model = build_model(cfg, checkpoint, dataset.index)
        return Scorer(model, dataset, batch_size, num_workers)
    folder = Path(checkpoint)
    part = open_array(folder / PARTS, 'run mmnoisy run again')
    if subset == 'train' and len(part) != len(dataset):
        raise InputError(
            f'{folder}: is of {counted(len(part), "image")}, and T has {len(dataset):,} now; run '
            'mmnoisy run again'
        )
    paths = (str(folder / f'{k}.pth') for k in range(int(part.max()) + 1))
    models = [build_model(cfg, path, dataset.index) for path in paths]
    of_image = part if subset == 'train' else None
    return PartScorer(models, of_image, dataset, batch_size, num_workers)


def provenance(cfg: Config, scorer: Scorer, subset: str) -> Dict[str, Any]:
    """What the scores depend on: weights, pictures or features, batches."""
    banks = getattr(scorer.dataset, 'banks', None)
    pictures = (
        json.dumps(set_config(cfg, 'test').get('pipeline'), default=str)
        if banks is None
        else [bank.provenance for bank in banks]
    )
    return dict(
        weights=weights_hash(scorer.models), pictures=pictures, batch_size=scorer.batch_size
    )
