"""Features of mean zero and unit scale."""

from __future__ import annotations

from typing import Dict

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn


@MODELS.register_module()
class Standardize(BaseModule):
    """Subtracts from features their mean in each dimension and divides by one scale for all.

    The gradient of a linear layer on features that are all positive, as those of a ReLU are, is
    dominated by one direction, that of their mean. The relative size of the dimensions tells what
    matters, so they share one scale: afterwards the mean square over all of them is 1.

    Mean and scale are fitted before training on the images of T that are trained on, by
    :class:`mmnoisy.engine.FitStandardizeHook`, and are part of the checkpoint. Before that, this is
    the identity.

    Args:
        in_channels: D, width of the features.
    """

    mean: torch.Tensor
    scale: torch.Tensor
    fitted: torch.Tensor

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.register_buffer('mean', torch.zeros(in_channels))
        self.register_buffer('scale', torch.ones(()))
        self.register_buffer('fitted', torch.zeros((), dtype=torch.bool))

    def fit(self, mean: torch.Tensor, scale: float) -> None:
        """Takes the mean (D,) and the scale of features."""
        self.mean.copy_(mean)
        self.scale.fill_(scale or 1.0)
        self.fitted.fill_(True)

    def forward(self, feats: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """The features, of which the last (N, D) is standardised, float32."""
        return (*feats[:-1], (feats[-1].float() - self.mean) / self.scale)


def identity_where_missing(model: nn.Module, state_dict: Dict[str, torch.Tensor]) -> None:
    """Lets heads that were trained on features as they are keep what they mean.

    Args:
        model: a classifier, maybe with a :class:`Standardize`.
        state_dict: of a checkpoint; one with heads and without a mean gets that of the identity.
    """
    if not any(key.startswith('head.') for key in state_dict):
        return
    for name, layer in model.named_modules():
        if isinstance(layer, Standardize) and f'{name}.mean' not in state_dict:
            identity = Standardize(len(layer.mean))
            identity.fit(identity.mean, 1.0)
            state_dict.update({f'{name}.{k}': v for k, v in identity.state_dict().items()})
