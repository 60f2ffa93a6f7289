"""What features are extracted from: the backbone and the three sets of a config on pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional

import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmpretrain.registry import MODELS

from mmnoisy.engine.checkpoints.named import named_checkpoints
from mmnoisy.engine.devices import pick_device
from mmnoisy.engine.feature_extraction import Views
from mmnoisy.engine.sets import build_set, fill_classes, set_config
from mmnoisy.engine.transforms import split_neck
from mmnoisy.errors import InputError


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
    fill_classes(cfg)
    # A bank holds features as they are: Standardize depends on the T of each run.
    model = MODELS.build({**cfg.model, 'neck': split_neck(cfg.model.get('neck'))[0] or None})
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


def build_views(cfg: Config, subset: str) -> Views:
    """One of the three sets of a config, through its own transforms and through those for tests.

    Raises:
        InputError: the config has no such set, or is on features.
    """
    own = set_config(cfg, subset)
    if 'pipeline' not in own:
        raise InputError(f'{cfg.filename}: is on features; give a config of a model on pictures')
    return Views(
        build_set(cfg, subset),
        build_set(cfg, subset, pipeline=own['pipeline'], test_mode=own.get('test_mode', False)),
    )


def pipelines_of(cfg: Config, subset: str, num_views: int) -> List[Any]:
    """The transforms that the views of a set go through."""
    names = ('test', subset)[: min(num_views, 2)]
    return [set_config(cfg, name)['pipeline'] for name in names]
