"""What features are extracted from: the backbone and the three sets of a config on pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmpretrain.registry import DATASETS, MODELS

from mmnoisy.datasets.feature_extraction import Views
from mmnoisy.engine.checkpoints.named import named_checkpoints
from mmnoisy.engine.devices import pick_device
from mmnoisy.errors import InputError

SETS = {'train': 'noisy_set', 'validation': 'verified_set', 'test': 'test_set'}


def build_model(cfg: Config, checkpoint: Optional[str]) -> torch.nn.Module:
    """The model of a config with its weights, in evaluation mode, on the GPU if there is one.

    Raises:
        InputError: there are no weights.
    """
    named = [path for _, path in named_checkpoints(cfg.model.to_dict())]
    if checkpoint is None and not named and not cfg.model.backbone.get('pretrained'):
        raise InputError(
            f'{cfg.filename}: names no weights of its backbone; give a checkpoint after it'
        )
    for path in filter(None, [checkpoint, *named]):
        if '://' not in path and not Path(path).is_file():
            raise InputError(f'{path}: there is no such checkpoint; check the path')
    model = MODELS.build(cfg.model)
    model.init_weights()
    if checkpoint:
        loaded = load_checkpoint(model, checkpoint, map_location='cpu', logger='silent')
        needed = [key for key in model.state_dict() if key.startswith(('backbone.', 'neck.'))]
        missing = {*needed} - {*loaded.get('state_dict', loaded)}
        if missing:
            raise InputError(
                f'{checkpoint}: has no {min(missing)}, nor {len(missing) - 1} other weights of the '
                'backbone; give a checkpoint of the same model on pictures'
            )
    return model.to(pick_device()).eval()


def build_views(cfg: Config, name: str) -> Views:
    """One of the three sets of a config, through its own transforms and through those for tests."""
    if not cfg.get(name):
        raise InputError(f'{cfg.filename}: has no {name}; give a config of a model on pictures')
    # The features of another picture must not stand in for those of one that cannot be read.
    dataset = {**cfg[name], 'max_unreadable': 0}
    return Views(
        DATASETS.build({**dataset, 'pipeline': cfg.test_set.pipeline}), DATASETS.build(dataset)
    )
