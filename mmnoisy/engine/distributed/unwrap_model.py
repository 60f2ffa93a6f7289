"""The model of a run, without what distributes it."""

from __future__ import annotations

from typing import Any, Dict

import torch
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch.distributed.fsdp import FullyShardedDataParallel


def unwrap_model(runner: Runner) -> Any:
    """The model that the config describes, with or without several processes."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def whole_weights(runner: Runner) -> Dict[str, torch.Tensor]:
    """Weights under their names in checkpoints; those in shards on the main process alone.

    All processes have to call.
    """
    sharded = isinstance(runner.model, FullyShardedDataParallel)
    return (runner.model if sharded else unwrap_model(runner)).state_dict()
