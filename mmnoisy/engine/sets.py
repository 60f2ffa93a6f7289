"""T, V and test of a config: the only place that knows where they are.

A config names its three sets, ``noisy_set`` (T), ``verified_set`` (V) and ``test_set``, and its
loaders say by name which of them they read, such as ``dataset=['noisy_set', 'verified_set']``.
What a set leaves out comes from ``data_root``, ``index``, ``train_pipeline`` and ``test_pipeline``
of the config, so that one line, or ``--cfg-options data_root=FOLDER``, moves all three to other
data. The number of classes is that of the index.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS

from mmnoisy.datasets import SUBSETS, LabelIndex
from mmnoisy.errors import InputError

# Folder of the index, and so of pictures and features: name in a config.
SETS = dict(zip(SUBSETS, ('noisy_set', 'verified_set', 'test_set')))
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def resolve(cfg: Config) -> Config:
    """Completes the three sets and puts them where the loaders name them.

    Args:
        cfg: is changed; nothing happens where that is done.

    Returns:
        ``cfg``.

    Raises:
        InputError: a loader names a set that the config does not have.
    """
    for subset, name in SETS.items():
        if cfg.get(name):
            _complete(cfg[name], cfg, subset)
    for name in LOADERS:
        if cfg.get(name) and cfg[name].get('dataset'):
            cfg[name].dataset = _named(cfg, name, cfg[name].dataset)
    return cfg


def set_config(cfg: Config, subset: str) -> Dict[str, Any]:
    """The settings of T, V or test, a copy.

    Args:
        cfg: resolved.
        subset: a key of ``SETS``.

    Raises:
        InputError: the config has no such set.
    """
    name = SETS[subset]
    if not cfg.get(name):
        raise InputError(
            f'{cfg.filename}: has no {name}; let it name the {subset} set, such as '
            f"{name}=dict(type='OpenImages', data_root=..., ann_file='index/{subset}', ...)"
        )
    return copy.deepcopy(cfg[name].to_dict())


def trained_on(cfg: Config) -> Tuple[str, ...]:
    """The subsets that a resolved config trains on, in the order of their images in a batch.

    Raises:
        InputError: it trains on a set that has none of the three names.
    """
    return tuple(subset_of(cfg, part) for part in parts_of(cfg))


def subset_of(cfg: Config, part: Dict[str, Any]) -> str:
    """Which of the three sets has the index of some settings.

    Raises:
        InputError: none has.
    """
    for subset, name in SETS.items():
        if cfg.get(name) and index_folder(cfg[name]) == index_folder(part):
            return subset
    raise InputError(
        f'{cfg.filename}: reads {part.get("ann_file")!r}, which is none of its sets '
        f'{", ".join(SETS.values())}; give the set that it is one of these names'
    )


def images_trained_on(cfg: Config, subset: str) -> np.ndarray:
    """Numbers of the images of a set that a resolved config trains on.

    Returns:
        (n,) numbers; of all images where it does not train on the set.

    Raises:
        InputError: the config has no such set, or it cannot be opened or is empty.
    """
    every = np.arange(len(build_set(cfg, subset)))
    for part in parts_of(cfg):
        if subset_of(cfg, part) == subset and part.get('indices') is not None:
            some = part.indices
            return every[:some] if isinstance(some, int) else every[list(some)]
    return every


def parts_of(cfg: Config) -> List[Any]:
    """The settings of the sets that a resolved config trains on; changing them changes it."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    return dataset.get('datasets', [dataset]) if dataset else []


def as_in_tests(cfg: Config, subset: str) -> Dict[str, Any]:
    """The settings of T, V or test, whole, to be looked at as test is.

    Args:
        cfg: resolved.
        subset: a key of ``SETS``.

    Raises:
        InputError: the config has no such set.
    """
    settings = set_config(cfg, subset)
    settings.pop('indices', None)
    if 'pipeline' in settings:
        settings['pipeline'] = pipeline_of_tests(cfg)
    return {**settings, 'test_mode': True}


def pipeline_of_tests(cfg: Config) -> List[dict]:
    """The transforms of the test set; without one those that it would have, ``test_pipeline``.

    Raises:
        InputError: the config has neither.
    """
    if cfg.get('test_set') or not cfg.get('test_pipeline'):
        return set_config(cfg, 'test')['pipeline']
    return copy.deepcopy([step.to_dict() for step in cfg.test_pipeline])


def loader_of_tests(cfg: Config) -> Dict[str, Any]:
    """The settings of the loader of the test set; without one those of the training's, in order.

    Args:
        cfg: resolved.
    """
    loader = cfg.get('test_dataloader')
    if loader:
        return dict(loader)
    return {**cfg.train_dataloader, 'sampler': dict(type='DefaultSampler', shuffle=False)}


def build_set(cfg: Config, subset: str, **changes: Any) -> Any:
    """T, V or test of a resolved config, whole and as in tests.

    Args:
        cfg: resolved.
        subset: a key of ``SETS``.
        changes: of its settings.

    Raises:
        InputError: the config has no such set, or it cannot be opened or is empty.
    """
    settings = as_in_tests(cfg, subset)
    if not len(LabelIndex.open(index_folder(settings))):
        raise InputError(
            f'{index_folder(settings)}: the index has no images; prepare it from other files'
        )
    if 'pipeline' in settings:
        # The picture of another image must not stand in for one that cannot be read.
        settings['max_unreadable'] = 0
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return DATASETS.build({**settings, **changes})


def index_folder(settings: Dict[str, Any]) -> Path:
    """The folder of the label index of a set."""
    return Path(settings.get('data_root', ''), settings['ann_file']).expanduser()


def fill_classes(cfg: Config, trained: Optional[Dict[str, Any]] = None) -> None:
    """Sets the numbers of classes that a model leaves out.

    Args:
        cfg: resolved; is changed.
        trained: the class lists of a checkpoint (its ``dataset_meta``), which come before those of
            the index.

    Raises:
        InputError: neither a checkpoint nor an index says what the classes are.
    """
    model = cfg.get('model') or {}
    head, cleaning = (model.get(key) for key in ('head', 'cleaning_head'))
    if not head or ('num_classes' in head and (not cleaning or 'noisy_classes' in cleaning)):
        return
    lists = trained or {}
    if not lists.get('classes'):
        if trained is not None and 'num_classes' in head:
            return  # what predicts needs no index
        if not any(cfg.get(name) for name in SETS.values()):
            return
        lists = _any_index(cfg).metainfo
    head.setdefault('num_classes', len(lists['classes']))
    if cleaning and lists.get('noisy_classes'):
        cleaning.setdefault('noisy_classes', len(lists['noisy_classes']))


def _any_index(cfg: Config) -> LabelIndex:
    """The index of one of the sets; they share their class lists."""
    name = next(name for name in reversed([*SETS.values()]) if cfg.get(name))
    settings = cfg[name]
    # The demo is made when it is opened for the first time.
    open_index = getattr(DATASETS.get(settings.type), 'open_index', None)
    if open_index is None:
        return LabelIndex.open(index_folder(settings))
    return open_index(settings.data_root, settings.ann_file)


def _complete(settings: Dict[str, Any], cfg: Config, subset: str) -> None:
    """Gives a set what the config has for all of them."""
    settings.setdefault('data_root', cfg.get('data_root', ''))
    settings.setdefault('ann_file', f'{cfg.get("index", "index")}/{subset}')
    pipeline = cfg.get('test_pipeline' if subset == 'test' else 'train_pipeline')
    if pipeline is not None and 'features' not in settings:
        settings.setdefault('pipeline', pipeline)
    if subset == 'test':
        settings.setdefault('test_mode', True)


def _named(cfg: Config, loader: str, dataset: Any) -> Any:
    """A data set in place of its name, several in place of theirs."""
    if isinstance(dataset, (list, tuple)):
        parts = [_named(cfg, loader, part) for part in dataset]
        if len(parts) == 1:
            return parts[0]
        of_features = all('features' in part for part in parts)
        kind = 'ConcatFeatures' if of_features else 'ConcatDataset'
        return dict(type=kind, datasets=parts)
    if not isinstance(dataset, str):
        return dataset
    if not cfg.get(dataset):
        raise InputError(
            f'{loader}.dataset={dataset!r}: the config has no set of this name; name one of '
            f'{", ".join(SETS.values())}, or give its settings'
        )
    return copy.deepcopy(cfg[dataset])
