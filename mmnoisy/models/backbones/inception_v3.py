"""Inception-v3 as a feature extractor."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models.backbones import InceptionV3
from mmpretrain.registry import MODELS
from torch import nn


@MODELS.register_module()
class InceptionV3Features(InceptionV3):
    """MMPretrain's Inception-v3 up to the 2048 features before its last layer.

    `Rethinking the Inception Architecture for Computer Vision
    <https://arxiv.org/abs/1512.00567>`_, the f of the paper (section 4.4). Weights of torchvision
    (``inception_v3``) and of MMPretrain load, with ``init_cfg=dict(type='Pretrained', ...)``;
    their last layers are left out. They expect pictures scaled to [-1, 1].

    Args:
        auxiliary: while training, also return the 768 features of the auxiliary branch, for
            the ``auxiliary_head`` of :class:`DualHeadClassifier`. It needs pictures of 299
            pixels and more.
        dropout: rate before the features are returned.
        **kwargs: of :class:`mmpretrain.models.backbones.InceptionV3`.
    """

    def __init__(self, auxiliary: bool = False, dropout: float = 0.5, **kwargs: Any) -> None:
        super().__init__(num_classes=1, aux_logits=auxiliary, dropout=dropout, **kwargs)
        self.fc = nn.Identity()
        if self.AuxLogits is not None:
            self.AuxLogits.fc = nn.Identity()
        self._register_load_state_dict_pre_hook(self._leave_out_classifiers)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Features of pictures (N, 3, H, W), H and W at least 75, 299 in the paper.

        Returns:
            ``(features,)``, (N, 2048), or ``(auxiliary, features)``, (N, 768) and (N, 2048).
        """
        auxiliary, features = super().forward(x)
        return (features,) if auxiliary is None else (auxiliary, features)

    def _leave_out_classifiers(self, state_dict: dict, prefix: str, *_: Any) -> None:
        left_out = ('fc.', 'AuxLogits.fc.') if self.aux_logits else ('fc.', 'AuxLogits.')
        for key in list(state_dict):
            if key.startswith(tuple(prefix + name for name in left_out)):
                del state_dict[key]
