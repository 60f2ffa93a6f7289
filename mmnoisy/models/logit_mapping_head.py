"""A label cleaning network that maps noisy labels of one vocabulary to labels of another."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.registry import MODELS
from torch import nn

from mmnoisy.models.label_correspondence import build_correspondence
from mmnoisy.models.logit_cleaning_head import LogitCleaningHead


@MODELS.register_module()
class LogitMappingHead(LogitCleaningHead):
    """How likely each label is, given the features and noisy labels of other classes.

    The cleaning network on the classifier's logit without the factor y, which has other classes:

        c = sigmoid(W f(I) + U relu(E y) + S' y).

    S' has a weight for each pair of corresponding classes, the log-odds that the one label adds to
    the other, learned from a given value on. Verdicts are to be complete: c is learned wherever
    there is one.

    Args:
        num_classes: B, number of the classes of the verdicts.
        in_channels: D, width of the features.
        noisy_classes: A, number of the classes of the noisy labels.
        correspondence: the pairs, see :class:`LabelCorrespondence`; None for no third term.
        pair_weight: what all weights of S' begin as.
        **kwargs: of :class:`LogitCleaningHead`.

    Raises:
        InputError: the correspondence cannot be used.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        noisy_classes: int,
        correspondence: str | None = None,
        pair_weight: float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.noisy_classes = noisy_classes
        self.label_embedding = nn.Linear(noisy_classes, self.output.in_features)
        self.correspondence = build_correspondence(correspondence, noisy_classes, num_classes)
        if self.correspondence is not None:
            pairs = len(self.correspondence.noisy_id)
            self.pair_weight = nn.Parameter(torch.full((pairs,), float(pair_weight)))

    def forward(self, feats: tuple[torch.Tensor, ...], noisy: torch.Tensor) -> torch.Tensor:
        """Cleaned labels c.

        Args:
            feats: the last of them is f(I), (N, D).
            noisy: y, (N, A) float in [0, 1].

        Returns:
            (N, B) float32 in (0, 1).
        """
        return self.logits(feats, noisy).float().sigmoid()

    def logits(self, feats: tuple[torch.Tensor, ...], noisy: torch.Tensor) -> torch.Tensor:
        """Log-odds of the labels, (N, B)."""
        logits = super().logits(feats, noisy)
        if self.correspondence is not None:
            logits = logits + self.correspondence(noisy, self.pair_weight)
        return logits
