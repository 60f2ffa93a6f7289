"""A label cleaning network that maps noisy labels of one vocabulary to labels of another."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.registry import MODELS
from torch import nn

from mmnoisy.models.heads.base import Cleaned
from mmnoisy.models.heads.class_map import build_class_map
from mmnoisy.models.heads.logit_cleaning_head import LogitCleaningHead


@MODELS.register_module()
class LogitMappingHead(LogitCleaningHead):
    """How likely each label is, given the features and noisy labels of other classes.

    The cleaning network on the classifier's logit without the factor y, which has other classes:

        c = sigmoid(W f(I) + U relu(E y) + S' y).

    S' has a weight for each pair of classes of a class map, the log-odds that the one label adds to
    the other, learned from a given value on. Verdicts are to be complete: c is learned wherever
    there is one.

    Args:
        num_classes: B, number of the classes of the verdicts.
        in_channels: D, width of the features.
        noisy_classes: A, number of the classes of the noisy labels.
        class_map: the pairs, see :class:`ClassMap`; None for no third term.
        pair_weight: what all weights of S' begin as.
        **kwargs: of :class:`LogitCleaningHead`.

    Raises:
        InputError: the class map cannot be used.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        noisy_classes: int,
        class_map: str | None = None,
        pair_weight: float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.noisy_classes = noisy_classes
        self.label_embedding = nn.Linear(noisy_classes, self.output.in_features)
        self.class_map = build_class_map(class_map, noisy_classes, num_classes)
        if self.class_map is not None:
            pairs = len(self.class_map.noisy_id)
            self.pair_weight = nn.Parameter(torch.full((pairs,), float(pair_weight)))

    def forward(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> Cleaned:
        """Cleaned labels c in (0, 1) and their logits, see :class:`CleaningHead`."""
        logits = self.logits(feats, noisy)
        return Cleaned(logits.sigmoid(), logits)

    def logits(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> torch.Tensor:
        """Log-odds of the labels, (N, B) float32."""
        logits = super().logits(feats, noisy)
        if self.class_map is not None:
            logits = logits + self.class_map(noisy, self.pair_weight)
        return logits
