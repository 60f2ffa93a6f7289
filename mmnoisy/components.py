"""Imports all that is registered, and lets MMEngine's checkpoints be read safely."""

from mmnoisy import apis, datasets, engine, evaluation, models

for _name in datasets.__all__:  # which are imported when they are asked for
    getattr(datasets, _name)

engine.allow_mmengine_checkpoints()

__all__ = ['apis', 'datasets', 'engine', 'evaluation', 'models']
