"""Trains a config on a part of one of its sets: the step of every cross-fitting."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, List, Sequence

from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmnoisy.engine.runner import build_runner


def sets_of(cfg: Config, ann_file: str) -> List[Any]:
    """The sets to train on that read an index."""
    dataset = cfg.train_dataloader.dataset
    return [part for part in dataset.get('datasets', [dataset]) if part.ann_file == ann_file]


def train_on_part(cfg: Config, ann_file: str, images: Sequence[int], work_dir: Path) -> Any:
    """The model of a config, trained with some images only of one of its sets.

    All other settings stay, so that its scores mean what they mean in a checkpoint of the config.
    Nothing is tested and no checkpoint kept.

    Args:
        cfg: is not changed.
        ann_file: the index of the set.
        images: numbers of its images to train on.
        work_dir: of the logs.

    Returns:
        The model in evaluation mode.

    Raises:
        InputError: the config cannot be trained.
    """
    cfg = copy.deepcopy(cfg)  # copy() shares the settings of the sets
    for part in sets_of(cfg, ann_file):
        part.indices = list(images)
    for name in ('val', 'test'):
        for part in ('cfg', 'dataloader', 'evaluator'):
            cfg[f'{name}_{part}'] = None
    cfg.work_dir, cfg.launcher, cfg.log_level = str(work_dir), 'none', 'WARNING'
    cfg.experiment_name = f'{work_dir.name}_{id(cfg)}'  # of which MMEngine wants no two alike
    cfg.visualizer = dict(type='UniversalVisualizer', vis_backends=[])
    cfg.default_hooks = {**cfg.get('default_hooks', {}), 'checkpoint': None}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        runner = build_runner(cfg)
        runner.train()
    return runner.model.eval()
