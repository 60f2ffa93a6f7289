"""Looks, when it is imported, whether there is what the components are plugged into."""

import re
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from mmnoisy.errors import InputError

OLDEST_TORCH = (2, 6)  # the first that reads MMEngine's checkpoints without running their content


def require() -> None:
    """Looks for MMPretrain, in either of its two distributions, and for PyTorch.

    Raises:
        InputError: MMPretrain or PyTorch is missing, or PyTorch is too old.
    """
    missing = [name for name in ('mmpretrain', 'mmengine', 'mmcv', 'torch') if not find_spec(name)]
    if missing:
        raise InputError(
            f"{', '.join(missing)}: not installed; run pip install 'mmnoisy[openmmlab]', or "
            "'mmnoisy[onedl]' for the maintained fork of MMPretrain"
        )
    try:
        found = version('torch')
    except PackageNotFoundError:  # built in place, say: whoever does that knows its version
        return
    numbers = tuple(map(int, re.findall(r'\d+', found)[:2]))
    if numbers < OLDEST_TORCH:
        raise InputError(f"torch {found}: too old; run pip install 'torch>=2.6'")


require()
