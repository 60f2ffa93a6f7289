"""The label correction network of Meta Label Correction, for many labels at once."""

from __future__ import annotations

import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from mmnoisy.models.heads.base import Cleaned, CleaningHead, last_features
from mmnoisy.models.heads.mixture import mixture_logit


@MODELS.register_module()
class GatedCorrectionHead(CleaningHead):
    """Mixes noisy labels with labels of its own, as much of each as a gate says.

    `Meta Label Correction for Noisy Label Learning <https://arxiv.org/abs/1911.03809>`_, section
    3.4, and the gate of the authors' code: from the features and the embedded noisy labels, two
    hidden layers with tanh lead to labels s and, for each image, to a gate a,

        c = a y + (1 - a) s.

    It begins with little of its own. The authors train it by what it does to the classifier, see
    :class:`MetaCorrectionClassifier`; in a :class:`DualHeadClassifier` it learns the verdicts.

    Args:
        num_classes: the number of classes, C.
        in_channels: D, width of the features.
        embed_dims: width of the embedding of the labels, and of that of the features.
        hidden_dims: width of the hidden layers.
        keep: a at the beginning.
        rarity: s at the beginning, about the share of the classes that an image has.
        loss_weight: weight of the cleaning loss.
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
        loss_weight: float = 1.0,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(num_classes, loss_weight=loss_weight, init_cfg=init_cfg)
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

    def forward(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> Cleaned:
        """Corrected labels c and their logits, see the base class."""
        visual = self.visual_embedding(last_features(feats))
        hidden = self.hidden(torch.cat([self.label_embedding(noisy), visual], 1))
        gate, own = self.gate(hidden).float(), self.output(hidden).float()
        logits = mixture_logit(gate.expand_as(own), noisy.logit(), own)
        return Cleaned(logits.sigmoid(), logits)

    def loss(
        self, cleaned: Cleaned, verified: torch.Tensor, observed: torch.Tensor
    ) -> torch.Tensor:
        """Weighted cross-entropy of c and v, see the base class."""
        cells = binary_cross_entropy_with_logits(cleaned.raw, verified, reduction='none')
        return self.reduce(cells, observed)
