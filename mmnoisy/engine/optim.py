"""Parameter groups of a model that is partly frozen."""

from __future__ import annotations

from typing import Any, List

from mmengine.optim import DefaultOptimWrapperConstructor
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainableParametersConstructor(DefaultOptimWrapperConstructor):
    """Leaves frozen modules out, instead of warning about each of their parameters."""

    def add_params(self, params: List[dict], module: nn.Module, *args: Any, **kwargs: Any) -> None:
        """Adds the groups of a module, as its base class does, if any of it is trained."""
        if any(parameter.requires_grad for parameter in module.parameters()):
            super().add_params(params, module, *args, **kwargs)
