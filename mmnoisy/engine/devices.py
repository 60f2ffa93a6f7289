"""Which device a process computes on."""

from __future__ import annotations

import os
from typing import Optional

import torch

from mmnoisy.errors import InputError


def pick_device(name: Optional[str] = None) -> str:
    """The device ``name``, or the GPU of this process if there is one.

    Raises:
        InputError: there is no such device.
    """
    gpu = f'cuda:{os.environ.get("LOCAL_RANK", 0)}'
    device = name or (gpu if torch.cuda.is_available() else 'cpu')
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f'--device {device}: cannot be used ({reason}); give cpu') from error
    return device
