"""Trains a config within another run: the step of every grid and every cross-fitting."""

from __future__ import annotations

import copy
from contextlib import redirect_stdout
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any, Sequence

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope

from mmnoisy.engine.runner import build_runner
from mmnoisy.engine.transforms import on_part
from mmnoisy.errors import InputError

_RUNS = count()


def train_on_part(
    cfg: Config, subset: str, images: Sequence[int], work_dir: Path, hooks: Sequence[Hook] = ()
) -> Any:
    """The model of a config, trained with some images only of one of its sets.

    All other settings stay, so that its scores mean what they mean in a checkpoint of the config.
    Nothing is tested and no checkpoint kept.

    Args:
        cfg: is not changed.
        subset: the set, a key of :data:`mmnoisy.engine.sets.SETS`.
        images: numbers of its images to train on.
        work_dir: of the logs.
        hooks: beside those of the config.

    Returns:
        The model in evaluation mode.

    Raises:
        InputError: the config cannot be trained.
    """
    return train_here(on_part(cfg, subset, images), work_dir, hooks)


def train_here(cfg: Config, work_dir: Path, hooks: Sequence[Hook] = ()) -> Any:
    """The model of a config, trained in this process as ``tools/train.py`` trains it.

    Args:
        cfg: see :func:`runner_here`.
        work_dir: of the logs.
        hooks: beside those of the config.

    Returns:
        The model in evaluation mode, its config as ``_config``.

    Raises:
        InputError: the config cannot be trained.
    """
    runner = runner_here(cfg, work_dir)
    for hook in hooks:
        runner.register_hook(hook)
    # MMEngine prints the path of every checkpoint that it loads.
    try:
        with DefaultScope.overwrite_default_scope('mmpretrain'), redirect_stdout(StringIO()):
            runner.train()
    finally:
        model = runner.model
        forget(runner)
    model._config = cfg
    return model.eval()


def runner_here(cfg: Config, work_dir: Path) -> Any:
    """The runner of a config in this process, which tests nothing and keeps no checkpoint.

    Args:
        cfg: resolved; is not changed.
        work_dir: of the logs.

    Raises:
        InputError: the config cannot be trained.
    """
    # Nobody reads its text.
    cfg = Config(copy.deepcopy(cfg.to_dict()), filename=cfg.filename, format_python_code=False)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.work_dir, cfg.launcher, cfg.log_level = str(work_dir), 'none', 'WARNING'
    cfg.experiment_name = f'{work_dir.name}_{next(_RUNS)}'  # of which MMEngine wants no two alike
    cfg.visualizer = dict(type='UniversalVisualizer', vis_backends=[])
    cfg.default_hooks = {**cfg.get('default_hooks', {}), 'checkpoint': None}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return build_runner(cfg)


def forget(runner: Any) -> None:
    """Lets go of a run that is over.

    MMEngine keeps by the name of a run, until the process ends, an open log file, the history of
    all scalars and two empty figures of Matplotlib. The runner and its parts hold one another, so
    that its data would stay until Python looks for such circles.
    """
    for handler in runner.logger.handlers:
        handler.close()
    for kept in (runner.logger, runner.message_hub, runner.visualizer):
        type(kept)._instance_dict.pop(kept.instance_name, None)
    vars(runner).clear()


def require_folds(folds: int, images: int) -> None:
    """Looks whether a set can be cut into parts to be left out one after the other.

    Args:
        folds: number of parts, at least 2.
        images: number of images in the set.

    Raises:
        InputError: there are fewer images than parts.
    """
    if images < folds:
        mend = f'give {images} at most' if images > 1 else 'verify more, since two are the least'
        raise InputError(f'--folds {folds}: V has too few images for that, {images}; {mend}')
