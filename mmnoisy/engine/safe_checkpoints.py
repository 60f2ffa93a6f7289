"""Lets PyTorch's safe unpickling read the checkpoints that MMEngine writes."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

_STATISTICS = ('min', 'max', 'current', 'mean', 'statistics')


def allow_mmengine_checkpoints() -> None:
    """Allows the types in MMEngine's checkpoints for ``torch.load(weights_only=True)``.

    Since PyTorch 2.6 that is the default and refuses the message hub, whose history buffers hold
    NumPy arrays and references to their own methods. What is allowed here builds such buffers and
    nothing else: no code of the file runs. Older versions of PyTorch need nothing.
    """
    if not hasattr(torch.serialization, 'add_safe_globals'):
        return
    builders: List[Any] = [np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]]
    # NumPy 2 renamed the module of its builders: files of either version name one of the two.
    modules = ('numpy.core.multiarray', 'numpy._core.multiarray')
    numbers = np.typecodes['AllInteger'] + np.typecodes['Float'] + '?'
    torch.serialization.add_safe_globals(
        [HistoryBuffer, np.ndarray, np.dtype, (_getattr, 'builtins.getattr')]
        + [type(np.dtype(code)) for code in numbers]
        + [(build, f'{module}.{build.__name__}') for build in builders for module in modules]
    )


def _getattr(owner: Any, name: str) -> Any:
    """Stands in for ``getattr`` in checkpoints: statistics of history buffers only."""
    if owner is HistoryBuffer and name in _STATISTICS:
        return getattr(owner, name)
    raise TypeError(f'refused to look up {name!r} of {owner!r} while loading a checkpoint')
