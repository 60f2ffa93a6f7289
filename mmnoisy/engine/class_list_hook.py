"""Refuses a model, a dataset and a checkpoint whose class lists differ."""

from __future__ import annotations

from typing import Any, Dict, Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmnoisy.engine.bare_model import bare_model
from mmnoisy.errors import InputError


@HOOKS.register_module()
class ClassListHook(Hook):
    """Compares class lists before training, testing and loading.

    MMEngine only warns where the shapes of a checkpoint differ and says nothing where the same
    number of classes comes in another order: outputs would silently mean other classes.

    Raises:
        InputError: the number of classes of a head differs from that of the dataset, or the
            dataset's class list from the one that the checkpoint was trained with.
    """

    def before_run(self, runner: Runner) -> None:
        """Compares the heads with the dataset."""
        classes = _dataset_classes(runner)
        for name, child in bare_model(runner).named_children():
            size = getattr(child, 'num_classes', None)
            if classes and name.endswith('head') and size != len(classes):
                raise InputError(
                    f'model.{name}.num_classes={size}: the class list of the dataset has '
                    f'{len(classes)} classes; set num_classes to that'
                )

    def after_load_checkpoint(self, runner: Runner, checkpoint: Dict[str, Any]) -> None:
        """Compares the dataset with the checkpoint."""
        classes = _dataset_classes(runner)
        trained = list((checkpoint.get('meta', {}).get('dataset_meta') or {}).get('classes', ()))
        check_classes(trained, classes, runner.cfg.get('load_from') or runner.work_dir)


def check_classes(trained: Sequence[str], classes: Sequence[str], checkpoint: str) -> None:
    """Compares the class list of a checkpoint with that of a dataset; either may be unknown.

    Raises:
        InputError: they differ.
    """
    if not classes or not trained or trained == classes:
        return
    if sorted(trained) == sorted(classes):
        difference = 'the same classes in another order'
    elif len(trained) == len(classes):
        difference = f'{len({*trained} - {*classes})} classes that the dataset does not have'
    else:
        difference = f'{len(trained)} classes, the dataset {len(classes)}'
    raise InputError(
        f'{checkpoint}: the checkpoint was trained with {difference}; prepare the index with the '
        'class list of the checkpoint, or load its backbone alone by init_cfg'
    )


def _dataset_classes(runner: Runner) -> Sequence[str]:
    """The class list of the first dataset that has been built."""
    for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
        dataset = getattr(getattr(loop, 'dataloader', None), 'dataset', None)
        classes = getattr(dataset, 'metainfo', {}).get('classes')
        if classes:
            return list(classes)
    return []
