"""A comparison on a generated data set, whose trainings are a few steps long."""

from pathlib import Path

from mmengine.registry import init_default_scope

import mmnoisy.components  # noqa: F401
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.grid import Grid
from mmnoisy.experiments.search import Recipe
from mmnoisy.experiments.systems import SYSTEMS, load_systems, to_train
from mmnoisy.experiments.training import Trainer

SHORT = {
    'train_cfg.min_images': 60,
    'train_cfg.min_passes': 0,
    'train_dataloader.batch_size': 20,
}
OWN = dict.fromkeys([*SYSTEMS, *(f'{name}_mixed' for name in SYSTEMS)], Recipe())


def systems_of(root, names, options=SHORT, bounds=()):
    init_default_scope('mmpretrain')
    options = {**options, 'index': str(root / 'index')}
    return load_systems(names, root / 'features', options, bounds)


def grid_of(root, out, names, seeds=(0,), sizes=(60,), given=OWN, options=SHORT, **settings):
    systems = systems_of(root, names, options, [*settings.get('bounds', ())])
    train = to_train(names, systems)
    bounds = settings.pop('bounds', {})
    trainer = Trainer(Data(systems[train[0]].cfg), Path(out), systems, bounds, **settings)
    return Grid(trainer, train, seeds, sizes, [1, 2], given)
