"""The paper's optimiser as TensorFlow has it."""

from __future__ import annotations

from typing import Any, Iterable

from mmpretrain.registry import OPTIMIZERS
from torch.optim import Optimizer

from mmnoisy.errors import InputError


@OPTIMIZERS.register_module(name='RMSpropTF')
def rmsprop_tf(params: Iterable, **settings: Any) -> Optimizer:
    """RMSprop of TensorFlow, with which the paper trains (section 4.4); timm keeps it.

    PyTorch's has epsilon outside of the root and begins with a mean square of zero, so that the
    epsilon of 1 that goes with the paper's rates means another thing there. Here

        s <- alpha s + (1 - alpha) g^2, s = 1 at the beginning,
        m <- momentum m + lr g / sqrt(s + eps),    w <- w - m.

    Args:
        params: parameters, or groups of them.
        settings: ``lr``, ``alpha``, ``momentum``, ``eps`` and others of timm's class.

    Raises:
        InputError: timm is not installed.
    """
    try:
        from timm.optim import RMSpropTF
    except ImportError as error:
        raise InputError(
            "optim_wrapper.optimizer.type='RMSpropTF': needs timm; pip install timm, or use RMSprop"
        ) from error
    return RMSpropTF(params, **settings)
