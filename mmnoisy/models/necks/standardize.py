"""Features of mean zero and unit scale."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS


@MODELS.register_module()
class Standardize(BaseModule):
    """Subtracts from features their mean in each dimension and divides by one scale for all.

    The gradient of a linear layer on features that are all positive, as those of a ReLU are, is
    dominated by one direction, that of their mean. The relative size of the dimensions tells what
    matters, so they share one scale: afterwards the mean square over all of them is 1.

    Mean and scale are fitted on T before training, by
    :class:`mmnoisy.engine.FitStandardizeHook`, and are part of the checkpoint. A checkpoint of
    heads that has none was trained on features as they are: then this is the identity.

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
        self._register_load_state_dict_pre_hook(self._identity_if_missing)

    def fit(self, mean: torch.Tensor, scale: float) -> None:
        """Takes the mean (D,) and the scale of features."""
        self.mean.copy_(mean)
        self.scale.fill_(scale or 1.0)
        self.fitted.fill_(True)

    def forward(self, feats: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """The features, of which the last (N, D) is standardised, float32."""
        return (*feats[:-1], (feats[-1].float() - self.mean) / self.scale)

    def _identity_if_missing(self, state_dict: dict, prefix: str, *_: Any) -> None:
        has_heads = any(key.startswith('head.') for key in state_dict)
        if has_heads and f'{prefix}mean' not in state_dict:
            state_dict[f'{prefix}mean'] = torch.zeros_like(self.mean)
            state_dict[f'{prefix}scale'] = torch.ones_like(self.scale)
            state_dict[f'{prefix}fitted'] = torch.ones_like(self.fitted)
