"""Features of mean zero and unit scale, and heads that do without."""

from __future__ import annotations

from typing import Iterator, NamedTuple

import numpy as np
import torch
from torch import nn

from mmnoisy.models import DualHeadClassifier

SAMPLE = 50_000


class Scaling(NamedTuple):
    """Makes features (N, D) have mean zero in each dimension and mean square 1 over all.

    The gradient of a linear layer on features that are all positive, as those of a ReLU are, is
    dominated by one direction, that of their mean; without it all rows of Table 2 gain.

    Attributes:
        mean: (D,) float32.
        scale: one number for all dimensions: their relative size tells what matters.
    """

    mean: torch.Tensor
    scale: float

    @classmethod
    def of(cls, features: np.ndarray) -> Scaling:
        """The scaling of features (N, K, D) by view 0 of at most ``SAMPLE`` images."""
        rows = np.unique(np.linspace(0, len(features) - 1, SAMPLE).astype(np.int64))
        sample = features[rows, 0].astype(np.float32)
        mean = sample.mean(0, dtype=np.float64).astype(np.float32)
        scale = float(np.sqrt(np.square(sample - mean).mean(dtype=np.float64)))
        return cls(torch.from_numpy(mean), scale or 1.0)

    def to(self, device: torch.device | str) -> Scaling:
        """The same on a device."""
        return Scaling(self.mean.to(device), self.scale)

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        """Scaled features, float32."""
        return (features.float() - self.mean).div_(self.scale)

    @torch.no_grad()
    def fold(self, model: DualHeadClassifier) -> None:
        """Changes a model for scaled features into the same one for features as they are."""
        for layer in feature_layers(model):
            layer.weight /= self.scale
            layer.bias.sub_(layer.weight @ self.mean.to(layer.weight))

    @torch.no_grad()
    def unfold(self, model: DualHeadClassifier) -> None:
        """The inverse of :meth:`fold`."""
        for layer in feature_layers(model):
            layer.bias.add_(layer.weight @ self.mean.to(layer.weight))
            layer.weight *= self.scale


def feature_layers(model: DualHeadClassifier) -> Iterator[nn.Linear]:
    """The layers that see features."""
    for head in filter(None, (model.head, model.former_head)):
        yield from (layer for layer in head.modules() if isinstance(layer, nn.Linear))
    if model.cleaning_head is not None:
        yield model.cleaning_head.visual_embedding
