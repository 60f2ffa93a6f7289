"""From the path of a config file to a config that a runner can be built of."""

from __future__ import annotations

import os.path as osp
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence

import torch
from mmengine.config import Config, DictAction

from mmnoisy.engine.sets import LOADERS, resolve
from mmnoisy.engine.transforms import on_features
from mmnoisy.errors import InputError


def load_config(
    path: str | Path,
    work_dir: Optional[str] = None,
    cfg_options: Optional[Mapping[str, Any]] = None,
    launcher: str = 'none',
    features: Optional[Path] = None,
) -> Config:
    """Reads a config and completes it.

    Args:
        path: of the file.
        work_dir: of logs and checkpoints; by default the config's own, or ``work_dirs/NAME``.
        cfg_options: settings that replace those of the config, by ``key.subkey``.
        launcher: of several processes, ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        features: folder of a feature bank that takes the place of the pictures.

    Raises:
        InputError: the config or a file that it inherits from does not exist.
    """
    try:
        cfg = Config.fromfile(path)
    except FileNotFoundError as error:
        name = error.filename or path
        raise InputError(f'{name}: there is no such config file; check the path') from error
    cfg.launcher = launcher
    cfg.work_dir = (
        work_dir
        or cfg.get('work_dir')
        or osp.join('work_dirs', osp.splitext(osp.basename(path))[0])
    )
    if cfg_options:
        cfg.merge_from_dict(dict(cfg_options))
    resolve(cfg)
    if features is not None:
        cfg = on_features(cfg, features)
    for name in LOADERS:
        if cfg.get(name) is not None:
            cfg[name].setdefault('pin_memory', torch.cuda.is_available())
            cfg[name].setdefault('persistent_workers', cfg[name].get('num_workers', 0) > 0)
            cfg[name].setdefault('collate_fn', dict(type='default_collate'))
    return cfg


def parse_options(texts: Optional[Sequence[str]]) -> Dict[str, Any]:
    """The settings that texts such as ``model.head.thr=0.3`` give, by name; MMEngine's syntax.

    Raises:
        InputError: a text is no ``KEY=VALUE``.
    """
    for text in texts or ():
        if not text.partition('=')[0].strip('.') or '=' not in text:
            raise InputError(f'--cfg-options {text}: is no setting; give KEY.SUBKEY=VALUE')
    parsed = Namespace(options=None)
    DictAction(['--cfg-options'], 'options')(ArgumentParser(), parsed, texts)
    return parsed.options
