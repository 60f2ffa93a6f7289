"""Reads the checkpoints that MMEngine writes, safely: no code of theirs runs."""

from __future__ import annotations

import logging
import os
import re
import zipfile
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner.checkpoint import CheckpointLoader

from mmnoisy.errors import InputError
from mmnoisy.wording import counted

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


@CheckpointLoader.register_scheme(prefixes='', force=True)
def read_checkpoint(path: str, map_location: Any = 'cpu') -> Dict[str, Any]:
    """What a checkpoint holds; MMEngine reads all files on local disks by this, too.

    Args:
        path: of the file.
        map_location: of :func:`torch.load`.

    Raises:
        InputError: the file does not exist, is damaged or is no checkpoint.
    """
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        raise InputError(f'{path}: there is no such checkpoint; check the path')
    allow_mmengine_checkpoints()  # again: torch.serialization.safe_globals forgets at its end
    try:
        # PyTorch does not compare the checksums of the weights.
        damaged = zipfile.is_zipfile(path) and zipfile.ZipFile(path).testzip()
        if damaged:
            raise ValueError(f'{damaged} is damaged')
        loaded = torch.load(path, map_location=map_location, weights_only=True)
        if not isinstance(loaded, dict):
            raise ValueError(f'it holds a {type(loaded).__name__}')
    except Exception as error:  # of unpickling, of zip files, of the system: each its own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f'{path}: cannot be loaded as a checkpoint ({reason}); give one that '
            'tools/train.py wrote'
        ) from error
    return loaded


def newest_readable(work_dir: str) -> Optional[str]:
    """The newest checkpoint of a run that can be read; says so where that is not the newest.

    Those that hold the best weights cannot be resumed and do not count.

    Raises:
        InputError: there are checkpoints, and none can be read.
    """
    paths = [p for p in Path(work_dir).glob('*.pth') if re.fullmatch(r'(epoch|iter)_\d+', p.stem)]
    refusal = None
    for path in sorted(paths, key=_age, reverse=True):
        try:
            read_checkpoint(str(path))
        except InputError as error:
            refusal = error
            print_log(f'{error}; an older one is looked for', 'current', logging.WARNING)
            continue
        if refusal is not None:
            print_log(f'The run goes on from {path}.', 'current', logging.WARNING)
        return str(path)
    if refusal is not None:
        number = counted(len(paths), 'checkpoint')
        raise InputError(
            f'{work_dir}: none of its {number} can be read; remove them, and train again'
        ) from refusal
    return None


def checkpoint_file(path: str) -> str:
    """The path of a checkpoint: of a work dir its newest one that can be read.

    Raises:
        InputError: the work dir holds none.
    """
    if not Path(path).is_dir():
        return path
    found = newest_readable(path)
    if found is None:
        raise InputError(f'{path}: holds no checkpoint; train it first, or give another one')
    return found


def _age(path: Path) -> tuple:
    # Among those of one kind the number tells, since a copy may have lost the times.
    kind, number = path.stem.split('_')
    newest = max(p.stat().st_mtime_ns for p in path.parent.glob(f'{kind}_*.pth'))
    return newest, kind, int(number)


def _getattr(owner: Any, name: str) -> Any:
    """Stands in for ``getattr`` in checkpoints: statistics of history buffers only."""
    if owner is HistoryBuffer and name in _STATISTICS:
        return getattr(owner, name)
    raise TypeError(f'refused to look up {name!r} of {owner!r} while loading a checkpoint')
