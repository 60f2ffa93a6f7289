"""From the config of a system to that of a run."""

from __future__ import annotations

import copy
from math import ceil
from pathlib import Path
from typing import Any, Mapping, Optional

from mmengine.config import Config

from mmnoisy.engine.sets import SETS, parts_of, subset_of, trained_on
from mmnoisy.engine.train_loop import images_to_see
from mmnoisy.engine.transforms import at_rate, with_seed
from mmnoisy.experiments.search import Recipe
from mmnoisy.experiments.systems import System


def settings_of(
    systems: Mapping[str, System],
    name: str,
    recipe: Recipe,
    seed: int,
    batch_size: Optional[int] = None,
) -> Config:
    """The config of a system with a recipe, another seed and another size of the batches.

    Args:
        systems: all of the comparison.
        name: of the system.
        recipe: of it.
        seed: of the run.
        batch_size: as many images are seen, and the rates change by the square root of the ratio,
            as is usual with Adam; None: that of the config.
    """
    cfg = copy.deepcopy(systems[name].cfg)
    if recipe.choice:
        cfg.merge_from_dict(choices_of(systems, name)[recipe.choice])
    if recipe.factor != 1:
        cfg = at_rate(cfg, recipe.factor)
    cfg = with_seed(cfg, seed)
    if batch_size:
        cfg.optim_wrapper.optimizer.lr *= (batch_size / cfg.train_dataloader.batch_size) ** 0.5
        cfg.train_dataloader.batch_size = batch_size
    return cfg


def choices_of(systems: Mapping[str, System], name: str) -> Mapping[str, Mapping[str, Any]]:
    """The choices of a system, or of the one that it goes on from and judges."""
    own = systems[name].get('choices', {})
    started = systems.get(systems[name].start or '')
    return own or (started.get('choices', {}) if started else {})


def number_of_steps(cfg: Config, sizes: Mapping[str, int], batch_size: Optional[int] = None) -> int:
    """Of a training.

    Args:
        cfg: resolved, with ``max_iters`` or ``min_images``.
        sizes: images of T and V, by subset.
        batch_size: as in :func:`settings_of`.
    """
    length = cfg.train_cfg
    if length.get('max_iters'):
        return length.max_iters
    names = ('min_images', 'min_passes', 'max_passes')
    given = {key: length[key] for key in names if key in length}
    images = images_to_see(sum(sizes[subset] for subset in trained_on(cfg)), **given)
    return ceil(images / (batch_size or cfg.train_dataloader.batch_size))


def read_index(cfg: Config, subset: str, folder: Path) -> None:
    """Changes a config: one of its sets has another label index."""
    parts = [part for part in parts_of(cfg) if subset_of(cfg, part) == subset]
    for settings in (*parts, cfg[SETS[subset]]):
        settings.ann_file = str(folder)


def set_in_model(model: Any, key: str, value: Any) -> None:
    """Sets what a config calls ``model.head.score``, in a model that is there."""
    *path, name = key.split('.')[1:]
    for part in path:
        model = getattr(model, part)
    setattr(model, name, value)
