"""A label cleaning network that starts from what the classifier sees."""

from __future__ import annotations

from abc import abstractmethod

import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from mmnoisy.models.heads.base import Cleaned, CleaningHead, last_features


class GivenLabelsHead(CleaningHead):
    """How sure a head is that each given label is right; a label that nobody gave stays away.

    Verdicts are given to labels, so whether a label is right is what V teaches. A subclass gives
    :meth:`logits`.
    """

    @abstractmethod
    def logits(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> torch.Tensor:
        """Log-odds of the labels being right if they are given, (N, C) float32.

        Args:
            feats: see :meth:`CleaningHead.forward`.
            noisy: see there.
        """

    def forward(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> Cleaned:
        """Cleaned labels and their logits, minus infinity where no label is given."""
        logits = torch.where(noisy > 0, self.logits(feats, noisy), -torch.inf)
        return Cleaned(logits.sigmoid(), logits)

    def loss(
        self, cleaned: Cleaned, verified: torch.Tensor, observed: torch.Tensor
    ) -> torch.Tensor:
        """Weighted cross-entropy of c and v; nothing is learned where no label was given."""
        learned = observed & (cleaned.raw != -torch.inf)
        logits = torch.where(learned, cleaned.raw, 0)
        return self.reduce(
            binary_cross_entropy_with_logits(logits, verified, reduction='none'), learned
        )


@MODELS.register_module()
class LogitCleaningHead(GivenLabelsHead):
    """How sure it is that a noisy label is right, given the features and the other noisy labels.

    In place of the residual on the noisy label in Eq. 1, one on the classifier's own logit:

        c = [y > 0] * sigmoid(W f(I) + U relu(E y)).

    W f(I) begins as the classifier, which has seen all of T, or at zero where no checkpoint has
    one; the second term, what the set of labels says about each of them, begins at zero.
    How sure the machine was of each label is a hint where y is its confidence, see ``soft_labels``
    of :class:`DualHeadClassifier`. Cost grows with C, not with its square.

    Args:
        num_classes: the number of classes, C.
        in_channels: D, width of the features.
        embed_dims: width of the embedding of the label set.
        dropout: rate on that embedding, while the head learns.
        loss_weight: weight of the cleaning loss; 0 for a teacher, see :class:`CleaningHead`.
        classifier: the layer that W is initialised from, see ``init_from`` of
            :class:`CleaningHead`.
        init_cfg: initialisation other than the above.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embed_dims: int = 256,
        dropout: float = 0.5,
        loss_weight: float = 1.0,
        classifier: str = 'head.fc',
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(num_classes, loss_weight=loss_weight, init_cfg=init_cfg)
        self.init_from = {'visual_embedding': classifier}
        self.visual_embedding = nn.Linear(in_channels, num_classes)
        self.label_embedding = nn.Linear(num_classes, embed_dims)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(embed_dims, num_classes)

    def init_weights(self) -> None:
        """Zeroes both terms, unless ``init_cfg`` says otherwise."""
        for layer in (self.visual_embedding, self.output):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        super().init_weights()

    def logits(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> torch.Tensor:
        """Log-odds of the labels being right if they are given, (N, C) float32."""
        context = self.dropout(self.label_embedding(noisy).relu())
        return (self.visual_embedding(last_features(feats)) + self.output(context)).float()
