"""The checkpoints that the settings of a config name."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, Tuple

from mmnoisy.errors import InputError


def named_checkpoints(settings: Any, prefix: str = '') -> Iterator[Tuple[str, str]]:
    """Names and values of the settings that are paths of checkpoints.

    Args:
        settings: a dictionary or list of settings, nested.
        prefix: of their names.
    """
    items = settings.items() if isinstance(settings, dict) else enumerate(settings)
    for key, value in items:
        if isinstance(value, (dict, list, tuple)):
            yield from named_checkpoints(value, f'{prefix}{key}.')
        elif key in ('load_from', 'checkpoint', 'checkpoint_path') and isinstance(value, str):
            yield f'{prefix}{key}', value


def require_checkpoints(settings: Dict[str, Any]) -> None:
    """Looks whether the checkpoints are there that settings name.

    Raises:
        InputError: one does not exist.
    """
    for setting, path in named_checkpoints(settings):
        if path and '://' not in path and not os.path.isfile(path):
            raise InputError(
                f'{path}: there is no such checkpoint; train it first, or give another one with '
                f'--cfg-options {setting}=PATH'
            )
