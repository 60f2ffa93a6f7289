"""The place of a backbone where features come from a bank."""

from __future__ import annotations

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS

from mmnoisy.errors import InputError


@MODELS.register_module()
class PrecomputedFeatures(BaseModule):
    """Passes features on that :class:`mmnoisy.datasets.OpenImagesFeatures` has read.

    Args:
        channels: D, the width that the heads need.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor]:
        """The features (N, D), as the last of a backbone.

        Raises:
            InputError: they have another width.
        """
        if features.shape[1:] != (self.channels,):
            raise InputError(
                f'model.backbone.channels={self.channels}: the feature bank holds '
                f'{list(features.shape[1:])} values an image; set channels and the in_channels of '
                'the heads to that, or extract the features with the model that they are for'
            )
        return (features,)
