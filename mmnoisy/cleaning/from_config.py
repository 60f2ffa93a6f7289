"""From a config and a checkpoint to a model and the data set that it is to look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

from mmengine.config import Config
from mmpretrain.registry import DATASETS

from mmnoisy.cleaning.scorer import Scorer
from mmnoisy.datasets.feature_extraction import weights_hash
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.engine.class_list_hook import check_classes, check_noisy_classes
from mmnoisy.engine.trained_model import load_classifier
from mmnoisy.errors import InputError


def subset_config(cfg: Config, subset: str) -> Dict[str, Any]:
    """The settings of T, V or test in a config.

    T is the first data set of ``train_dataloader``, V the second, test that of
    ``test_dataloader``.

    Raises:
        InputError: the config has no such data set.
    """
    loader = cfg.get('test_dataloader' if subset == 'test' else 'train_dataloader') or {}
    dataset = loader.get('dataset') or {}
    parts = dataset.get('datasets', [dataset])
    position = 1 if subset == 'validation' else 0
    if len(parts) <= position or not parts[position].get('ann_file'):
        raise InputError(
            f'{cfg.filename}: has no data set for {subset}; give a config that trains on it, such '
            'as that of the joint model'
        )
    return dict(parts[position])


def build_dataset(cfg: Config, subset: str) -> Any:
    """T, V or test of a config, whole, as in tests.

    Raises:
        InputError: the data set cannot be used, or its index is empty.
    """
    settings = subset_config(cfg, subset)
    settings.pop('indices', None)
    folder = index_folder(settings)
    if not len(LabelIndex.open(folder)):
        raise InputError(f'{folder}: the index has no images; prepare it from other files')
    if 'pipeline' in settings:
        settings['pipeline'] = subset_config(cfg, 'test')['pipeline']
        # The labels of one image must not be cleaned by the picture of another.
        settings['max_unreadable'] = 0
    return DATASETS.build({**settings, 'test_mode': True})


def index_folder(settings: Dict[str, Any]) -> Path:
    """The folder of the label index of a data set."""
    return Path(settings.get('data_root', ''), settings['ann_file']).expanduser()


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
            f'{len(classes)} classes; give the config and the checkpoint of that list'
        )
    return model


def build_scorer(
    cfg: Config, checkpoint: str, subset: str, batch_size: int, num_workers: int
) -> Scorer:
    """The model of a config with a checkpoint's weights, before one of its data sets."""
    dataset = build_dataset(cfg, subset)
    model = build_model(cfg, checkpoint, dataset.index)
    return Scorer(model, dataset, batch_size, num_workers)


def provenance(cfg: Config, scorer: Scorer, subset: str) -> Dict[str, Any]:
    """What the scores depend on: weights, pictures or features, batches."""
    banks = getattr(scorer.dataset, 'banks', None)
    pictures = (
        json.dumps(subset_config(cfg, 'test').get('pipeline'), default=str)
        if banks is None
        else [bank.provenance for bank in banks]
    )
    return dict(
        weights=weights_hash([scorer.model]), pictures=pictures, batch_size=scorer.batch_size
    )
