"""Random numbers that depend on what they are for, and on nothing that came before (pure)."""

from __future__ import annotations

import random
from functools import reduce
from typing import Any

import numpy as np
import torch


def hash_seed(*keys: Any) -> np.ndarray:
    """A random number of integers, the same wherever and whenever it is asked for.

    The finaliser of SplitMix64 (Steele et al., Fast Splittable Pseudorandom Number Generators,
    OOPSLA 2014) over one integer after the other.

    Args:
        keys: integers, or arrays of integers of one shape.

    Returns:
        uint64, of the shape of the keys.
    """
    return reduce(_mixed, (np.asarray(key).astype(np.uint64) for key in keys), np.uint64(0))


def seed_all(seed: int) -> None:
    """Sets the states of Python's, NumPy's and PyTorch's generators.

    Args:
        seed: in [0, 2^64).
    """
    random.seed(seed)
    np.random.seed(seed >> 32)
    # What torch.manual_seed does, but for a stack trace that it takes where CUDA is not in use yet.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)


def _mixed(state: np.ndarray, key: np.ndarray) -> np.ndarray:
    with np.errstate(over='ignore'):  # modulo 2^64
        z = (state ^ key) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
