"""Self-paced loss correction: labels that a model is sure of are taken to be missing."""

from __future__ import annotations

import torch
from mmpretrain.registry import MODELS
from torch.nn.functional import logsigmoid

from mmnoisy.models.losses.base import ScheduledLoss


@MODELS.register_module()
class SPLCLoss(ScheduledLoss):
    """Focal margin loss, in which an absent label of high probability counts as present.

    `Simple and Robust Loss Design for Multi-Label Learning with Missing Labels
    <https://arxiv.org/abs/2112.07368>`_, Eq. 9 to 13: with p_m = sigmoid(x - m),

        loss+ = -(1 - p_m)^gamma log p_m,    loss- = -p^gamma log(1 - p),

    and an unverified absent label whose p is above ``tau`` is charged loss+ without its margin.

    Args:
        start_images: images before the first correction; an epoch in the paper.
        tau: probability above which a label is taken to be missing; 0.6 in the paper.
        margin: m, 1 in the paper.
        gamma: focusing parameter, 2 in the paper.
        loss_weight: of the result.
    """

    def __init__(
        self,
        start_images: int,
        tau: float = 0.6,
        margin: float = 1.0,
        gamma: float = 2.0,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(loss_weight)
        self.start_images, self.tau = start_images, tau
        self.margin, self.gamma = margin, gamma

    def cells(
        self, logits: torch.Tensor, target: torch.Tensor, observed_mask: torch.Tensor
    ) -> torch.Tensor:
        """See :class:`RobustLoss`; what is verified is never corrected."""
        shifted = logits - self.margin * target
        if self.seen >= self.start_images:
            missing = (logits.detach().sigmoid() > self.tau) & (target < 0.5) & ~observed_mask
            target = torch.where(missing, 1.0, target)
        p = shifted.sigmoid()
        present = -((1 - p) ** self.gamma) * logsigmoid(shifted)
        absent = -(p**self.gamma) * logsigmoid(-shifted)
        return target * present + (1 - target) * absent
