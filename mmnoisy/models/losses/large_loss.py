"""Rejects or corrects the labels of largest loss."""

from __future__ import annotations

import math

import torch
from mmpretrain.registry import MODELS
from torch.nn.functional import binary_cross_entropy_with_logits

from mmnoisy.errors import InputError
from mmnoisy.models.losses.base import ScheduledLoss

ACTIONS = ('reject', 'correct')
REJECTION_MASKS = ('absent', 'all')


@MODELS.register_module()
class LargeLoss(ScheduledLoss):
    """Binary cross-entropy without the labels of largest loss, or with these turned round.

    `Large Loss Matters in Weakly Supervised Multi-Label Classification
    <https://arxiv.org/abs/2206.03740>`_, Eq. 3 to 6: a network learns right labels before it
    memorises wrong ones, so that a large loss tells a wrong one. In epoch t, the share
    (t - 1) ``rate`` of the labels of a batch, those of largest loss among the unverified, is left
    out (LL-R) or turned round for this batch (LL-Ct).

    Args:
        epoch_images: images in an epoch.
        action: ``'reject'`` (LL-R) or ``'correct'`` (LL-Ct).
        rate: by how much the share rises in an epoch; 0.002 in the paper.
        warmup: whether nothing is rejected in the first epoch, as in the paper; without it,
            training goes on from a model that has learned the labels already.
        rejection_mask: which of the unverified labels may be rejected or corrected: ``'absent'``,
            those that nobody gave (the paper, where the others are right), or ``'all'``, also
            those that a machine gave.
        loss_weight: of the result.

    Raises:
        InputError: an invalid choice, or a number out of range.
    """

    def __init__(
        self,
        epoch_images: int,
        action: str = 'reject',
        rate: float = 0.002,
        warmup: bool = True,
        rejection_mask: str = 'absent',
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(loss_weight)
        if action not in ACTIONS:
            raise InputError(f'loss.action={action!r}: give one of {ACTIONS}')
        if rejection_mask not in REJECTION_MASKS:
            raise InputError(
                f'loss.rejection_mask={rejection_mask!r}: give one of {REJECTION_MASKS}'
            )
        if not (0 <= rate <= 1 and epoch_images >= 1):
            raise InputError(
                f'loss.rate={rate!r}, loss.epoch_images={epoch_images!r}: give a share between 0 '
                'and 1, and a number of images'
            )
        self.action, self.rate, self.epoch_images = action, rate, epoch_images
        self.warmup, self.rejection_mask = warmup, rejection_mask

    @property
    def share(self) -> float:
        """Of the labels of the present batch that is rejected or corrected."""
        epoch = self.seen // self.epoch_images + (0 if self.warmup else 1)
        return min(1.0, epoch * self.rate)

    def cells(
        self, logits: torch.Tensor, target: torch.Tensor, observed_mask: torch.Tensor
    ) -> torch.Tensor:
        """See :class:`RobustLoss`."""
        loss = binary_cross_entropy_with_logits(logits, target, reduction='none')
        large = self._large(loss.detach(), target, observed_mask)
        if self.action == 'reject':
            return torch.where(large, 0, loss)
        turned = binary_cross_entropy_with_logits(logits, 1 - target, reduction='none')
        return torch.where(large, turned, loss)

    def _large(
        self, loss: torch.Tensor, target: torch.Tensor, observed_mask: torch.Tensor
    ) -> torch.Tensor:
        """The labels to reject or correct, (N, C) bool."""
        candidate = ~observed_mask
        if self.rejection_mask == 'absent':
            candidate = candidate & (target < 0.5)
        number = math.ceil(self.share * loss.numel())
        largest = torch.where(candidate, loss, -1).flatten().topk(number).indices
        chosen = torch.zeros_like(candidate).flatten().index_fill(0, largest, True)
        return chosen.view_as(candidate) & candidate
