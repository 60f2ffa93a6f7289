"""From the path of a config file to a config that a runner can be built of."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from inspect import signature
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence

import torch
from mmengine.config import Config, DictAction
from mmengine.runner import FlexibleRunner, Runner
from mmengine.utils import import_modules_from_strings

from mmnoisy.config_files import find_config
from mmnoisy.engine.sets import LOADERS, SETS, resolve
from mmnoisy.engine.transforms import on_features
from mmnoisy.errors import InputError, like

# What a config may say and need not: settings of runners, and of the three sets.
_SETTINGS = {
    *signature(Runner.__init__).parameters,
    *signature(FlexibleRunner.__init__).parameters,
    *('runner_type', 'model_wrapper_cfg', 'find_unused_parameters', 'sync_bn', 'custom_imports'),
    *('data_root', 'index', 'train_pipeline', 'test_pipeline', 'tta_model', 'tta_pipeline'),
    *SETS.values(),
}


def load_config(
    path: str | Path,
    work_dir: Optional[str] = None,
    cfg_options: Optional[Mapping[str, Any]] = None,
    launcher: str = 'none',
    features: Optional[Path] = None,
) -> Config:
    """Reads a config and completes it.

    Args:
        path: of the file, or the name of a config of the package, see
            :func:`mmnoisy.config_files.find_config`.
        work_dir: of logs and checkpoints; by default the config's own, or ``work_dirs/NAME``.
        cfg_options: settings that replace those of the config, by ``key.subkey``.
        launcher: of several processes, ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        features: folder of a feature bank that takes the place of the pictures.

    Raises:
        InputError: the config or a file that it inherits from does not exist or is no config, or
            a setting cannot be replaced or contradicts another.
    """
    path = find_config(path)
    cfg = _read(path)
    cfg.launcher = launcher
    cfg.work_dir = work_dir or cfg.get('work_dir') or f'work_dirs/{path.stem}'
    _merge(cfg, cfg_options or {})
    resolve(cfg)
    if features is not None:
        cfg = on_features(cfg, features)
    for name in LOADERS:
        if cfg.get(name) is not None:
            _choose_pinning(cfg, name)
            cfg[name].setdefault('persistent_workers', cfg[name].get('num_workers', 0) > 0)
            cfg[name].setdefault('collate_fn', dict(type='default_collate'))
    return cfg


def _choose_pinning(cfg: Config, name: str) -> None:
    """Batches are pinned for a GPU, but for those that are on it already."""
    loader = cfg[name]
    dataset = loader.get('dataset') or {}
    parts = dataset.get('datasets', [dataset])
    elsewhere = next((part['device'] for part in parts if part.get('device')), 'cpu')
    on_cpu = torch.device(elsewhere).type == 'cpu'
    if loader.setdefault('pin_memory', torch.cuda.is_available() and on_cpu) and not on_cpu:
        raise InputError(
            f'{name}.pin_memory=True: its features are on the device {elsewhere!r}, and only what '
            'is on the CPU can be pinned; leave pin_memory out'
        )


def _read(path: Path) -> Config:
    try:
        cfg = Config.fromfile(path, import_custom_modules=False)
    except InputError:
        raise
    except FileNotFoundError as error:
        name = error.filename or path
        raise InputError(f'{name}: there is no such config file; check the path') from error
    except Exception as error:  # a config is code of the user, and may raise anything
        reason = ' '.join(str(error).split()) or type(error).__name__
        # MMEngine writes the folder of a config into it, between quotes.
        quoted = '"' in str(path.resolve().parent)
        mend = 'rename its folder, which has a quote in its name' if quoted else 'mend it'
        raise InputError(f'{path}: is no config that can be read ({reason}); {mend}') from error
    try:
        import_modules_from_strings(**(cfg.get('custom_imports') or dict(imports=None)))
    except ImportError as error:
        raise InputError(
            f'{path}: custom_imports={cfg.custom_imports.imports} cannot be imported '
            f'({error.__context__ or error}); install it, or set PYTHONPATH to its folder'
        ) from error
    return cfg


def _merge(cfg: Config, options: Mapping[str, Any]) -> None:
    for option in options:
        name = option.partition('.')[0]
        known = {*cfg.keys(), *_SETTINGS}
        if name not in known:
            raise InputError(
                f'--cfg-options {option}: there is no setting {name!r}{like(name, known)}'
            )
    try:
        cfg.merge_from_dict(dict(options))
    except (KeyError, TypeError, IndexError) as error:
        reason = error.args[0] if error.args else type(error).__name__
        raise InputError(
            f'--cfg-options {" ".join(options)}: cannot replace what is there ({reason}); look at '
            'the config'
        ) from error


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


def placed(settings: Any, places: Mapping[str, str]) -> Any:
    """Settings with other folders in them.

    Args:
        settings: dictionaries and lists, however deep; what is no text stays.
        places: what a folder becomes, alone and before what is below it.
    """
    if isinstance(settings, dict):
        return {key: placed(value, places) for key, value in settings.items()}
    if isinstance(settings, (list, tuple)):
        return type(settings)([placed(value, places) for value in settings])
    if isinstance(settings, str):
        for path, name in places.items():
            if settings == path or settings.startswith(path + os.sep):
                return name + settings[len(path) :]
    return settings
