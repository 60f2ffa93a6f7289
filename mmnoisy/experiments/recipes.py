"""How long and how fast each system is trained: a rule for any size, and what a search adds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import inf
from typing import Any, Dict

from mmnoisy.experiments.systems import System
from mmnoisy.errors import InputError

BATCH_SIZE = 256
LR_FACTORS = (1.0, 1 / 3, 3.0)  # tried by the search


@dataclass(frozen=True)
class Recipe:
    """Adam, the learning rates falling linearly to zero.

    Attributes:
        steps: batches.
        lr: learning rate of the classifier's weights.
        bias_lr: that of its biases. Which classes are frequent is learned by them alone where
            features have mean zero, and by many small steps where they do not.
        cleaning_lr: that of the cleaning head.
        batch_size: images of a batch; 32 in the paper.
        choice: of the ``choices`` of the system; empty: the first one, or none.

    Raises:
        InputError: one of them is no positive number.
    """

    steps: int
    lr: float
    bias_lr: float
    cleaning_lr: float
    batch_size: int = BATCH_SIZE
    choice: str = ''

    def __post_init__(self) -> None:
        for name in ('steps', 'batch_size'):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise InputError(f'{name}={value!r}: give a positive whole number')
        for name in ('lr', 'bias_lr', 'cleaning_lr'):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0 < value < inf:
                raise InputError(f'{name}={value!r}: give a positive number')

    def at(self, factor: float) -> Recipe:
        """The recipe with other rates of the weights."""
        return replace(self, lr=self.lr * factor, cleaning_lr=self.cleaning_lr * factor)

    def to_dict(self) -> Dict[str, Any]:
        """The arguments that make it, for a file; ``choice`` where it is one."""
        values = asdict(self)
        return values if self.choice else {k: v for k, v in values.items() if k != 'choice'}


def default_recipe(system: System, num_images: int, batch_size: int = BATCH_SIZE) -> Recipe:
    """The recipe of a system for any data, before a search.

    Training from random weights takes 1,000 batches of 256 images or one pass over the images,
    whichever is longer; fine-tuning on V 500 or a pass; all other fine-tuning 1,500 or a pass; a
    system with ``most_passes`` not more of them than that.
    With batches of another size as many images are seen, and the rates change by the square root
    of the ratio, as is usual with Adam.

    Args:
        system: which one.
        num_images: of all its sources together.
        batch_size: images of a batch.
    """
    if system.start is None:
        images, lr, bias_lr = 256_000, 1e-3, 3e-3
    elif system.sources == ('V',):
        images, lr, bias_lr = 128_000, 3e-4, 3e-2
    else:
        images, lr, bias_lr = 384_000, 3e-4, 3e-2
    images = max(images, num_images)
    if system.most_passes is not None:
        images = min(images, system.most_passes * num_images)
    steps = -(-images // batch_size)
    factor = (batch_size / BATCH_SIZE) ** 0.5
    lr *= factor * system.rate
    return Recipe(steps, lr, bias_lr * factor, lr * system.cleaning_rate, batch_size)
