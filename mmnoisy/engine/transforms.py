"""Configs made from configs: the same run on features, on other data, on a part of a set.

Each takes a resolved config (see :mod:`mmnoisy.engine.sets`) and returns a changed copy.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmengine.config import Config

from mmnoisy.datasets import FeatureBank
from mmnoisy.engine.sets import (
    LOADERS,
    SETS,
    as_in_tests,
    build_set,
    index_folder,
    parts_of,
    set_config,
    subset_of,
    trained_on,
)
from mmnoisy.errors import InputError

# The settings of a set of pictures that mean something for their features too.
_KEPT = ('data_root', 'ann_file', 'indices', 'test_mode')


def on_features(cfg: Config, folder: str | os.PathLike) -> Config:
    """The twin of a config on pictures that reads a feature bank in their place.

    The bank holds what enters ``Standardize``, or the heads where the neck has none: the layers
    before it, the backbone and the transforms of the pictures go.

    Args:
        cfg: of a model on pictures.
        folder: written by ``tools/extract_features.py``, with a bank for each of the three sets.

    Raises:
        InputError: there is no such bank, or the model needs more than the last features.
    """
    if cfg.model.get('auxiliary_head'):
        raise InputError(
            f'--features {folder}: model.auxiliary_head needs other features than the last; leave '
            'it out with --cfg-options model.auxiliary_head=None'
        )
    cfg = copy.deepcopy(cfg)
    root = Path(folder).expanduser().resolve()
    width = 0
    for subset, name in SETS.items():
        if cfg.get(name):
            width = width or FeatureBank.open(root / subset).features.shape[-1]
            cfg[name] = _of_features(cfg[name], root, subset)
    for name in LOADERS:
        if cfg.get(name):
            _read_features(cfg, cfg[name])
    model = cfg.model
    model.backbone = dict(type='PrecomputedFeatures', channels=width)
    model.neck = split_neck(model.get('neck'))[1] or None
    for layer in model.neck or ():
        layer.in_channels = width
    model.head.in_channels = width
    if model.get('cleaning_head'):
        model.cleaning_head.pop('in_channels', None)
    model.data_preprocessor = dict(type='ClsDataPreprocessor')
    model.update(freeze_backbone=False, feature_dtype=None)
    return cfg


def split_neck(neck: Any) -> Tuple[List[dict], List[dict]]:
    """The layers of a neck that a feature bank has behind it, and ``Standardize``, if any.

    Args:
        neck: settings of a layer, of several, or None.
    """
    layers = [] if neck is None else [*neck] if isinstance(neck, (list, tuple)) else [neck]
    standardize = [layer for layer in layers if layer['type'] == 'Standardize']
    if standardize and layers[-1] is not standardize[-1]:
        raise InputError('model.neck: Standardize is not its last layer; put it there')
    return [layer for layer in layers if layer['type'] != 'Standardize'], standardize


def on_data(
    cfg: Config, index: Optional[str | os.PathLike] = None, data_root: Optional[str] = None
) -> Config:
    """The same run on other data.

    Args:
        cfg: resolved.
        index: folder of the three label indexes, in place of that of the config.
        data_root: folder of the pictures, likewise.
    """
    cfg = copy.deepcopy(cfg)
    places = {index_folder(cfg[name]): subset for subset, name in SETS.items() if cfg.get(name)}
    for settings in _sets(cfg):
        subset = places.get(index_folder(settings))
        if subset and data_root is not None:
            settings.data_root = data_root
        if subset and index is not None:
            settings.ann_file = str(Path(index).expanduser().resolve() / subset)
    return cfg


def on_part(cfg: Config, subset: str, images: Sequence[int]) -> Config:
    """The same run with some images only of those that it trains on of one of the sets.

    Args:
        cfg: resolved.
        subset: a key of ``SETS``.
        images: numbers of its images to train on.
    """
    cfg = copy.deepcopy(cfg)
    folder = index_folder(set_config(cfg, subset))
    for part in parts_of(cfg):
        if index_folder(part) == folder:
            known = images if part.get('indices') is None else part.indices
            kept = {*(range(known) if isinstance(known, int) else known)}
            part.indices = [int(image) for image in images if image in kept]
    return cfg


def at_rate(cfg: Config, factor: float) -> Config:
    """The same run with other learning rates of the weights; those of the biases stay.

    The rates of layers that ``paramwise_cfg.custom_keys`` names by a key that ends in ``bias``
    stay too.

    Args:
        cfg: resolved.
        factor: of the rates.
    """
    cfg = copy.deepcopy(cfg)
    cfg.optim_wrapper.optimizer.lr *= factor
    paramwise = cfg.optim_wrapper.get('paramwise_cfg') or {}
    if 'bias_lr_mult' in paramwise:
        paramwise['bias_lr_mult'] /= factor
    for key, settings in (paramwise.get('custom_keys') or {}).items():
        if key.endswith('bias') and 'lr_mult' in settings:
            settings['lr_mult'] /= factor
    return cfg


def hold_out(cfg: Config, number: int) -> Config:
    """The same run without the last images of V, on which its cleaning network is measured.

    Args:
        cfg: resolved, of a run on T and V.
        number: of the images.

    Raises:
        InputError: there is no V, or it is too small.
    """
    hooks = [hook for hook in cfg.get('custom_hooks', []) if hook['type'] == 'ProgressHook']
    if {*trained_on(cfg)} != {'train', 'validation'} or not hooks:
        raise InputError(
            f'--hold-back {number}: needs a config that trains on T and V and has a ProgressHook '
            'among its custom_hooks; leave it out'
        )
    size = len(build_set(cfg, 'validation'))
    if not 0 < number < size:
        raise InputError(f'--hold-back {number}: give less than the {size} images of V')
    cfg = on_part(cfg, 'validation', range(size - number))
    held = {**as_in_tests(cfg, 'validation'), 'indices': [*range(size - number, size)]}
    for hook in cfg.custom_hooks:
        if hook['type'] == 'ProgressHook':
            hook['held_back'] = {**cfg.val_dataloader, 'dataset': held}
    return cfg


def with_seed(cfg: Config, seed: int) -> Config:
    """The same run with another seed."""
    cfg = copy.deepcopy(cfg)
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    return cfg


def _sets(cfg: Config) -> List[Any]:
    """The settings of all sets of a config, each once for each place where they stand."""
    found = [cfg[name] for name in SETS.values() if cfg.get(name)]
    for name in LOADERS:
        dataset = (cfg.get(name) or {}).get('dataset')
        found += dataset.get('datasets', [dataset]) if dataset else []
    return found


def _of_features(settings: Dict[str, Any], root: Path, subset: str) -> Dict[str, Any]:
    """A set that reads its bank, or those below ``root`` that its ``features`` name."""
    kept = {key: settings[key] for key in _KEPT if key in settings}
    names = settings.get('features', subset)
    folders = [str(root / name) for name in ([names] if isinstance(names, str) else names)]
    features = folders[0] if len(folders) == 1 else folders
    return dict(type='OpenImagesFeatures', features=features, **kept)


def _read_features(cfg: Config, loader: Any) -> None:
    """Makes a loader read banks: in whole batches, faster than a worker could pass them on."""
    parts = loader.dataset.get('datasets', [loader.dataset])
    read = [
        {**cfg[SETS[subset_of(cfg, part)]], **{key: part[key] for key in _KEPT if key in part}}
        for part in parts
    ]
    loader.dataset = read[0] if len(read) == 1 else dict(type='ConcatFeatures', datasets=read)
    loader.update(num_workers=0, persistent_workers=False, collate_fn=dict(type='keep_batch'))
    loader.pop('prefetch_factor', None)
