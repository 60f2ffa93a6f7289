"""Refuses a model, a dataset and a checkpoint whose class lists differ."""

from __future__ import annotations

from typing import Any, Dict, Sequence, Tuple

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmnoisy.engine.distributed.unwrap_model import unwrap_model
from mmnoisy.errors import InputError


@HOOKS.register_module()
class ClassListHook(Hook):
    """Compares class lists before training, testing and loading.

    MMEngine only warns where the shapes of a checkpoint differ and says nothing where the same
    number of classes comes in another order: outputs would silently mean other classes.

    Raises:
        InputError: the number of classes of a head differs from that of the dataset, or a class
            list of the dataset from the one that the checkpoint was trained with.
    """

    def before_run(self, runner: Runner) -> None:
        """Compares the heads with the dataset."""
        classes, noisy_classes = _dataset_classes(runner)
        model = unwrap_model(runner)
        for name, child in model.named_children():
            size = getattr(child, 'num_classes', None)
            if classes and name.endswith('head') and size != len(classes):
                raise InputError(
                    f'model.{name}.num_classes={size}: the class list of the dataset has '
                    f'{len(classes)} classes; set num_classes to that'
                )
        if classes:
            check_noisy_classes(model, noisy_classes)

    def after_load_checkpoint(self, runner: Runner, checkpoint: Dict[str, Any]) -> None:
        """Compares the dataset with the checkpoint."""
        trained = checkpoint.get('meta', {}).get('dataset_meta') or {}
        for key, classes in zip(('classes', 'noisy_classes'), _dataset_classes(runner)):
            name = runner.cfg.get('load_from') or runner.work_dir
            check_classes(list(trained.get(key, ())), classes, name)


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


def check_noisy_classes(model: Any, noisy_classes: Sequence[str]) -> None:
    """Compares the noisy labels that a model takes with those of a dataset.

    Args:
        model: a classifier, maybe with a cleaning head.
        noisy_classes: those of the dataset, empty where they are those of the verdicts.

    Raises:
        InputError: they are of another vocabulary.
    """
    head = getattr(model, 'cleaning_head', None)
    taken = head.noisy_classes if head is not None else None
    if (taken or 0) != len(noisy_classes):
        found = f'{len(noisy_classes)} other classes than' if noisy_classes else 'the classes of'
        raise InputError(
            f'model.cleaning_head.noisy_classes={taken}: the noisy labels of the dataset are of '
            f'{found} its verdicts; give a cleaning head with '
            f'noisy_classes={len(noisy_classes) or None}'
        )


def _dataset_classes(runner: Runner) -> Tuple[Sequence[str], Sequence[str]]:
    """The class lists of the first dataset that has been built, the second if it is another."""
    for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
        dataset = getattr(getattr(loop, 'dataloader', None), 'dataset', None)
        meta = getattr(dataset, 'metainfo', {})
        if meta.get('classes'):
            return list(meta['classes']), list(meta.get('noisy_classes', ()))
    return [], []
