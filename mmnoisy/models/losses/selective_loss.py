"""Class-aware selective loss: which unverified labels may count as absent."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.registry import MODELS
from torch.nn.functional import logsigmoid

from mmnoisy.models.losses.base import RobustLoss

MOMENTUM = 0.01


@MODELS.register_module()
class SelectiveLoss(RobustLoss):
    """Partial asymmetric loss that ignores unverified labels which may well be present.

    `Multi-label Classification with Partial Annotations using Class-aware Selective Loss
    <https://arxiv.org/abs/2110.10955>`_, Eq. 2 to 7. Present, verified absent and unverified
    labels each have a focusing parameter of their own,

        loss+ = -(1 - p)^gamma_pos log p,    loss- = -p^gamma_neg log(1 - p),
        loss? = -w p^gamma_unknown log(1 - p).

    w is 0 for the ``top_k`` most probable unverified classes of an image, and for those of a
    class whose prior is above ``prior``; it is 1 for the others. The prior of a class, which the
    authors take from a model trained without the unverified labels, is the running mean of its
    probabilities over some hundred batches, kept in checkpoints.

    Args:
        gamma_pos: of labels that are present.
        gamma_neg: of labels that are verified absent.
        gamma_unknown: of the others.
        top_k: K, 5 in the paper; 0 selects by the prior alone.
        prior: its threshold, 0.05 by default in the authors' code; 1 selects by likelihood alone.
        loss_weight: of the result.
    """

    def __init__(
        self,
        gamma_pos: float = 0.0,
        gamma_neg: float = 1.0,
        gamma_unknown: float = 2.0,
        top_k: int = 5,
        prior: float = 0.05,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(loss_weight)
        self.gamma_pos, self.gamma_neg, self.gamma_unknown = gamma_pos, gamma_neg, gamma_unknown
        self.top_k, self.prior = top_k, prior
        self.class_prior: torch.Tensor | None
        self.register_buffer('class_prior', None)  # the first batch tells the number of classes

    def cells(
        self, logits: torch.Tensor, target: torch.Tensor, observed_mask: torch.Tensor
    ) -> torch.Tensor:
        """See :class:`RobustLoss`; neither verified nor present in ``target`` is unverified."""
        p = logits.sigmoid()
        if self.class_prior is not None:  # a checkpoint brings it on the CPU
            self.class_prior = self.class_prior.to(p.device)
        unverified = ~observed_mask & (target < 0.5)
        if self.training:
            self._update_prior(p.detach())
        gamma = torch.where(unverified, self.gamma_unknown, self.gamma_neg)
        present = -((1 - p) ** self.gamma_pos) * logsigmoid(logits)
        absent = -(p**gamma) * logsigmoid(-logits)
        ignored = self._ignored(p.detach(), unverified)
        return torch.where(ignored, 0, target * present + (1 - target) * absent)

    def _ignored(self, p: torch.Tensor, unverified: torch.Tensor) -> torch.Tensor:
        """The unverified labels that may well be present, (N, C) bool."""
        ignored = torch.zeros_like(unverified)
        if self.top_k:
            likely = torch.where(unverified, p, -1).topk(min(self.top_k, p.shape[1]), dim=1).indices
            ignored.scatter_(1, likely, True)
        if self.class_prior is not None:
            ignored |= self.class_prior > self.prior
        return ignored & unverified

    @torch.no_grad()
    def _update_prior(self, p: torch.Tensor) -> None:
        mean = p.mean(0)
        self.class_prior = (
            mean if self.class_prior is None else self.class_prior.lerp(mean, MOMENTUM)
        )

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        prior = state_dict.get(f'{prefix}class_prior')
        if prior is not None and self.class_prior is None:
            self.class_prior = torch.zeros_like(prior)
        super()._load_from_state_dict(state_dict, prefix, *args)
