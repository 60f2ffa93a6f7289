"""Any network of timm as a feature extractor."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from mmnoisy.errors import InputError


@MODELS.register_module()
class TIMMFeatures(BaseModule):
    """A network of `timm <https://huggingface.co/docs/timm>`_, pooled as it does itself.

    Unlike MMPretrain's ``TIMMBackbone`` it gives one row of features for every picture, whatever
    the network: convolutions, tokens or windows.

    Args:
        model_name: of timm.
        pretrained: whether timm fetches its weights.
        checkpoint_path: a file with the weights, in place of that.
        **kwargs: of ``timm.create_model``.

    Raises:
        InputError: timm is missing, or knows no such network.
    """

    def __init__(
        self, model_name: str, pretrained: bool = False, checkpoint_path: str = '', **kwargs: Any
    ) -> None:
        super().__init__()
        try:
            import timm
        except ImportError as error:
            raise InputError('timm is missing: pip install timm') from error
        if not timm.is_model(model_name):
            raise InputError(
                f'model.backbone.model_name={model_name!r}: timm has no such network; '
                'timm.list_models() names them'
            )
        network: Any = timm.create_model(
            model_name, pretrained=pretrained, checkpoint_path=checkpoint_path, **kwargs
        )
        network.reset_classifier(0)
        self.timm_model: nn.Module = network

    def init_weights(self) -> None:
        """Keeps those that timm has given."""

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor]:
        """Features ``((N, D),)`` of pictures (N, 3, H, W)."""
        return (self.timm_model(pictures),)
