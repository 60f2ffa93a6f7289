"""Self-paced loss correction: labels that a model is sure of are taken to be missing."""

from __future__ import annotations

import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn.functional import logsigmoid

from mmnoisy.models.losses.cells import summed, unknown_cells


@MODELS.register_module()
class SPLCLoss(nn.Module):
    """Focal margin loss, in which an absent label of high probability counts as present.

    `Simple and Robust Loss Design for Multi-Label Learning with Missing Labels
    <https://arxiv.org/abs/2112.07368>`_, Eq. 9 to 13: with p_m = sigmoid(x - m),

        loss+ = -(1 - p_m)^gamma log p_m,    loss- = -p^gamma log(1 - p),

    and an unverified absent label whose p is above ``tau`` is charged loss+ without its margin.

    Args:
        tau: probability above which a label is taken to be missing; 0.6 in the paper.
        margin: m, 1 in the paper.
        gamma: focusing parameter, 2 in the paper.
        start: batches before the first correction; an epoch in the paper.
        loss_weight: of the result.
    """

    uses_known = True

    def __init__(
        self,
        tau: float = 0.6,
        margin: float = 1.0,
        gamma: float = 2.0,
        start: int = 1000,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.tau, self.margin, self.gamma = tau, margin, gamma
        self.start, self.loss_weight = start, loss_weight
        self.batches: torch.Tensor
        self.register_buffer('batches', torch.zeros((), dtype=torch.long))

    def forward(
        self,
        logits: torch.Tensor,
        target: torch.Tensor,
        known: torch.Tensor | None = None,
        avg_factor: float | None = None,
    ) -> torch.Tensor:
        """The loss, summed over classes, mean over images.

        Args:
            logits: x, (N, C).
            target: (N, C) in [0, 1].
            known: (N, C) bool, verified labels, which are never corrected; None: no label is.
            avg_factor: number of images.
        """
        shifted = logits - self.margin * target
        if int(self.batches) >= self.start:
            missing = (logits.detach().sigmoid() > self.tau) & (target < 0.5)
            target = torch.where(missing & unknown_cells(known, target), 1.0, target)
        if self.training:
            self.batches += 1
        p = shifted.sigmoid()
        present = -((1 - p) ** self.gamma) * logsigmoid(shifted)
        absent = -(p**self.gamma) * logsigmoid(-shifted)
        return self.loss_weight * summed(target * present + (1 - target) * absent, avg_factor)
