"""A part of V that is not trained on, to measure the cleaning network."""

from __future__ import annotations

import copy

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS

from mmnoisy.errors import InputError


def hold_back(cfg: Config, number: int) -> None:
    """Keeps the last images of V out of the training, to measure the cleaning network on them.

    Args:
        cfg: trains on T and V; is changed.
        number: of images.

    Raises:
        InputError: there is no V, or it is too small.
    """
    hooks = [hook for hook in cfg.get('custom_hooks', []) if hook['type'] == 'ProgressHook']
    parts = cfg.train_dataloader.dataset.get('datasets', [])
    if len(parts) != 2 or not hooks:
        raise InputError(
            f'--hold-back {number}: needs a config that trains on T and V and has a ProgressHook '
            'among its custom_hooks; leave it out'
        )
    held = copy.deepcopy(cfg.val_dataloader)
    for key in ('ann_file', 'data_prefix', 'features', 'data_root'):
        if key in parts[1]:
            held.dataset[key] = parts[1][key]
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        size = len(DATASETS.build(parts[1]))
    if not 0 < number < size:
        raise InputError(f'--hold-back {number}: give less than the {size} images of V')
    held.dataset.indices = list(range(size - number, size))
    parts[1].indices = size - number
    hooks[0]['held_back'] = held
