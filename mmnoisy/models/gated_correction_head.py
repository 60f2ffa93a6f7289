"""The label correction network of Meta Label Correction, for many labels at once."""

from __future__ import annotations

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn


@MODELS.register_module()
class GatedCorrectionHead(BaseModule):
    """Mixes noisy labels with labels of its own, as much of each as a gate says.

    `Meta Label Correction for Noisy Label Learning <https://arxiv.org/abs/1911.03809>`_, section
    3.4, and the gate of the authors' code: from the features and the embedded noisy labels, two
    hidden layers with tanh lead to labels s and, for each image, to a gate a,

        c = a y + (1 - a) s.

    It begins with little of its own. It has no loss: :class:`MetaCorrectionClassifier` trains it.

    Args:
        num_classes: C.
        in_channels: D, width of the features.
        embed_dims: width of the embedding of the labels, and of that of the features.
        hidden_dims: width of the hidden layers.
        keep: a at the beginning.
        rarity: s at the beginning, about the share of the classes that an image has.
        init_cfg: initialisation other than the above.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embed_dims: int = 256,
        hidden_dims: int = 256,
        keep: float = 0.9,
        rarity: float = 0.02,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.keep, self.rarity = keep, rarity
        self.label_embedding = nn.Linear(num_classes, embed_dims, bias=False)
        self.visual_embedding = nn.Linear(in_channels, embed_dims)
        self.hidden = nn.Sequential(
            nn.Linear(2 * embed_dims, hidden_dims),
            nn.Tanh(),
            nn.Linear(hidden_dims, hidden_dims),
            nn.Tanh(),
        )
        self.gate = nn.Linear(hidden_dims, 1)
        self.output = nn.Linear(hidden_dims, num_classes)

    def init_weights(self) -> None:
        """Sets gate and output to ``keep`` and ``rarity``, unless ``init_cfg`` says otherwise."""
        for layer, value in ((self.gate, self.keep), (self.output, self.rarity)):
            nn.init.zeros_(layer.weight)
            nn.init.constant_(layer.bias, torch.tensor(value).logit().item())
        super().init_weights()

    def forward(self, feats: tuple[torch.Tensor, ...], noisy: torch.Tensor) -> torch.Tensor:
        """Corrected labels c.

        Args:
            feats: the last of them is f(I), (N, D).
            noisy: y, (N, C) float in [0, 1].

        Returns:
            (N, C) float32 in [0, 1].
        """
        embedded = torch.cat([self.label_embedding(noisy), self.visual_embedding(feats[-1])], 1)
        hidden = self.hidden(embedded)
        keep = self.gate(hidden).float().sigmoid()
        return keep * noisy + (1 - keep) * self.output(hidden).float().sigmoid()
