"""The model of a run, without what distributes it."""

from __future__ import annotations

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


def bare_model(runner: Runner) -> Any:
    """The model that the config describes, with or without several processes."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
