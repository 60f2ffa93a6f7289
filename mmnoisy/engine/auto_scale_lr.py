"""Learning rates that follow the images of a step, see ``docs/scaling.md``."""

from __future__ import annotations

from mmengine.config import Config
from mmengine.runner import Runner

from mmnoisy.errors import InputError


def scale_learning_rates(cfg: Config) -> None:
    """Makes learning rates follow the images of a step, see ``docs/scaling.md``.

    Args:
        cfg: says by ``auto_scale_lr`` for how many images its learning rates are; is changed.

    Raises:
        InputError: it does not.
    """
    scale = cfg.get('auto_scale_lr') or {}
    if not scale.get('base_batch_size'):
        raise InputError(
            '--auto-scale-lr: the config does not say for how many images its learning rates are; '
            'add auto_scale_lr=dict(base_batch_size=...)'
        )
    cfg.auto_scale_lr = {**scale, 'enable': True}


def count_accumulated(runner: Runner) -> None:
    """Scales learning rates by the images of a step; MMEngine counts those of a batch."""
    steps = (runner.cfg.get('optim_wrapper') or {}).get('accumulative_counts', 1)
    scale = runner.auto_scale_lr or {}
    if steps > 1 and scale.get('enable'):
        base = scale['base_batch_size'] / steps
        runner.auto_scale_lr = {**scale, 'base_batch_size': base}
        runner.logger.info(f'{steps} batches make a step: their base batch size is {base}.')
