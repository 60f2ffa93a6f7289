"""From a config and a checkpoint to a model and the data set that it is to look at."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from datetime import timedelta
from typing import Any, Dict

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

from mmnoisy.cleaning.scorer import Scorer
from mmnoisy.datasets.feature_extraction import weights_hash
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.engine.class_list_hook import check_classes, check_noisy_classes
from mmnoisy.engine.launch import add_cfg_options, add_features, load_config
from mmnoisy.engine.sets import build_set, set_config
from mmnoisy.engine.trained_model import load_classifier
from mmnoisy.errors import InputError


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
    add_features(parser)
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
    dataset = build_set(cfg, subset)
    model = build_model(cfg, args.checkpoint, dataset.index)
    return Scorer(model, dataset, args.batch_size, args.num_workers)


def provenance(cfg: Config, scorer: Scorer, subset: str) -> Dict[str, Any]:
    """What the scores depend on: weights, pictures or features, batches."""
    banks = getattr(scorer.dataset, 'banks', None)
    pictures = (
        json.dumps(set_config(cfg, 'test').get('pipeline'), default=str)
        if banks is None
        else [bank.provenance for bank in banks]
    )
    return dict(
        weights=weights_hash([scorer.model]), pictures=pictures, batch_size=scorer.batch_size
    )
