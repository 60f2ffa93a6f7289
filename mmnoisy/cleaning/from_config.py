"""From a config and a checkpoint to a model and the data set that it is to look at."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS

from mmnoisy.cleaning.scorer import Scorer
from mmnoisy.datasets.feature_extraction import weights_hash
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.engine.class_list_hook import check_classes, check_noisy_classes
from mmnoisy.engine.launch import add_cfg_options, load_config
from mmnoisy.engine.trained_model import load_classifier
from mmnoisy.errors import InputError

SUBSETS = ('train', 'validation', 'test')


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
    device = f'cuda:{os.environ.get("LOCAL_RANK", 0)}' if torch.cuda.is_available() else 'cpu'
    model = load_classifier(cfg, checkpoint, device, also=('cleaning_head.',))
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


def add_model_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of the tools that let a trained model look at a data set."""
    parser.add_argument('config', help='config file of a model with a cleaning head')
    parser.add_argument('checkpoint', help='checkpoint that it has trained')
    parser.add_argument('--batch-size', type=int, default=64, help='images at once, default 64')
    parser.add_argument('--num-workers', type=int, default=1, help='that load pictures, default 1')
    add_cfg_options(parser)
    parser.set_defaults(work_dir=None, launcher='none', local_rank=0)


def start(args: Namespace) -> Config:
    """The config of a tool; joins the processes of torchrun, if there are any.

    Raises:
        InputError: an argument or the config cannot be used.
    """
    if args.batch_size < 1 or args.num_workers < 0:
        raise InputError(
            f'--batch-size {args.batch_size} --num-workers {args.num_workers}: give at least 1 and '
            'at least 0'
        )
    cfg = load_config(args)
    if not MMLogger.check_instance_created('cleaning'):
        MMLogger.get_instance('cleaning', log_level='WARNING')  # no list of all weights
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    if int(os.environ.get('WORLD_SIZE', 1)) > 1:
        # Processes wait for the slowest one, and writing a large data set takes hours.
        torch.distributed.init_process_group('gloo', timeout=timedelta(days=30))
    return cfg


def build_scorer(cfg: Config, args: Namespace, subset: str) -> Scorer:
    """The model of a config with a checkpoint's weights, before one of its data sets."""
    dataset = build_dataset(cfg, subset)
    model = build_model(cfg, args.checkpoint, dataset.index)
    return Scorer(model, dataset, args.batch_size, args.num_workers)


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
