"""Tells a cleaning head how many verified images it learns from."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmnoisy.engine.distributed.unwrap_model import unwrap_model
from mmnoisy.engine.sets import build_set


@HOOKS.register_module()
class CountVerifiedHook(Hook):
    """Tells a cleaning head how many images have verdicts.

    It is for those that weigh a prior against the verdicts, heads with ``num_verified=None`` such
    as :class:`mmnoisy.models.HierarchicalCleaningHead`. The images are those of the config's
    ``verified_set``.

    Raises:
        InputError: the config has no ``verified_set``.
    """

    def before_train(self, runner: Runner) -> None:
        """Counts."""
        head: Any = getattr(unwrap_model(runner), 'cleaning_head', None)
        if getattr(head, 'num_verified', 0) is None and head.loss_weight:
            dataset = build_set(runner.cfg, 'validation')
            verdicts = dataset.index.verdicts.take(dataset.index_rows(np.arange(len(dataset))))
            head.num_verified = int(np.count_nonzero(np.diff(verdicts.start)))
