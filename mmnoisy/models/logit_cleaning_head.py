"""A label cleaning network that starts from what the classifier sees."""

from __future__ import annotations

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits


@MODELS.register_module()
class LogitCleaningHead(BaseModule):
    """How sure it is that a noisy label is right, given the features and the other noisy labels.

    In place of the residual on the noisy label in Eq. 1, one on the classifier's own logit:

        c = [y > 0] * sigmoid(W f(I) + U relu(E y)).

    W f(I) begins as the classifier, which has seen all of T, or at zero where no checkpoint has
    one; the second term, what the set of labels says about each of them, begins at zero.
    A label that nobody gave stays away: verdicts are given to labels, so whether a label is right
    is what V teaches. How sure the machine was of each label is a hint where y is its confidence,
    see ``soft_labels`` of :class:`DualHeadClassifier`. Cost grows with C, not with its square.

    Args:
        num_classes: C.
        in_channels: D, width of the features.
        embed_dims: width of the embedding of the label set.
        dropout: rate on that embedding, while the head learns.
        loss_weight: weight of the cleaning loss. With 0 the head is a teacher that was trained
            before, see :class:`DualHeadClassifier`.
        classifier: the layer of the checkpoint that W begins as, where there is no W in it.
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
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.loss_weight = loss_weight
        self.begins_as = {'visual_embedding': classifier}
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

    def forward(self, feats: tuple[torch.Tensor, ...], noisy: torch.Tensor) -> torch.Tensor:
        """Cleaned labels c.

        Args:
            feats: the last of them is f(I), (N, D).
            noisy: y, (N, C) float in [0, 1].

        Returns:
            (N, C) float32 in [0, 1].
        """
        right = self.logits(feats, noisy).float().sigmoid()
        return torch.where(noisy > 0, right, 0)

    def unclipped(self, feats: tuple[torch.Tensor, ...], noisy: torch.Tensor) -> torch.Tensor:
        """The cleaned labels: none of them is clipped."""
        return self(feats, noisy)

    def logits(self, feats: tuple[torch.Tensor, ...], noisy: torch.Tensor) -> torch.Tensor:
        """Log-odds of the labels being right if they are given, (N, C)."""
        context = self.dropout(self.label_embedding(noisy).relu())
        return self.visual_embedding(feats[-1]) + self.output(context)

    def loss(
        self, cleaned: torch.Tensor, verified: torch.Tensor, known: torch.Tensor
    ) -> torch.Tensor:
        """Weighted cross-entropy of c and v, summed over classes, mean over the batch.

        A label of which the head is surer than one in a million teaches nothing.

        Args:
            cleaned: c, (N, C).
            verified: v, (N, C).
            known: (N, C) bool, where v is given; where c is 0, no label was given, and nothing
                is to be learned.
        """
        learned = known & (cleaned > 0)
        logits = torch.where(learned, cleaned, 0.5).logit(eps=1e-6)
        entropy = binary_cross_entropy_with_logits(logits, verified, reduction='none')
        return self.loss_weight * torch.where(learned, entropy, 0).sum() / len(cleaned)
