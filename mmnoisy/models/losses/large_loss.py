"""Rejects or corrects the labels of largest loss."""

from __future__ import annotations

import math

import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from mmnoisy.errors import InputError
from mmnoisy.models.losses.cells import summed, unknown_cells

ACTIONS = ('reject', 'correct')


@MODELS.register_module()
class LargeLoss(nn.Module):
    """Binary cross-entropy without the labels of largest loss, or with these turned round.

    `Large Loss Matters in Weakly Supervised Multi-Label Classification
    <https://arxiv.org/abs/2206.03740>`_, Eq. 3 to 6: a network learns right labels before it
    memorises wrong ones, so that a large loss tells a wrong one. In epoch t, the share
    (t - 1) ``rate`` of the labels of a batch, those of largest loss among the unverified, is left
    out (LL-R) or turned round for this batch (LL-Ct).

    Args:
        action: ``'reject'`` (LL-R) or ``'correct'`` (LL-Ct).
        rate: by how much the share rises in an epoch; 0.002 in the paper.
        epoch_length: batches in an epoch.
        warmup: whether nothing is rejected in the first epoch, as in the paper; without it,
            training goes on from a model that has learned the labels already.
        suspects: whose losses count as large: ``'absent'``, those of labels that nobody gave (the
            paper, where the others are right), or ``'all'``, also those of labels that a machine
            gave.
        loss_weight: of the result.

    Raises:
        InputError: ``action`` or ``suspects`` has none of its values, or a number is out of range.
    """

    uses_known = True

    def __init__(
        self,
        action: str = 'reject',
        rate: float = 0.002,
        epoch_length: int = 1000,
        warmup: bool = True,
        suspects: str = 'absent',
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if action not in ACTIONS:
            raise InputError(f'loss.action={action!r}: give one of {ACTIONS}')
        if suspects not in ('absent', 'all'):
            raise InputError(f"loss.suspects={suspects!r}: give one of ('absent', 'all')")
        if not (0 <= rate <= 1 and epoch_length >= 1):
            raise InputError(
                f'loss.rate={rate!r}, loss.epoch_length={epoch_length!r}: give a share between 0 '
                'and 1, and a number of batches'
            )
        self.action, self.rate, self.epoch_length = action, rate, epoch_length
        self.warmup, self.suspects, self.loss_weight = warmup, suspects, loss_weight
        self.batches: torch.Tensor
        self.register_buffer('batches', torch.zeros((), dtype=torch.long))

    @property
    def share(self) -> float:
        """Of the labels of the present batch that is rejected or corrected."""
        epoch = int(self.batches) // self.epoch_length + (0 if self.warmup else 1)
        return min(1.0, epoch * self.rate)

    def forward(
        self,
        logits: torch.Tensor,
        target: torch.Tensor,
        known: torch.Tensor | None = None,
        avg_factor: float | None = None,
    ) -> torch.Tensor:
        """The loss, summed over classes, mean over images.

        Args:
            logits: (N, C).
            target: (N, C) in [0, 1].
            known: (N, C) bool, verified labels, which are never suspected; None: no label is.
            avg_factor: number of images.
        """
        loss = binary_cross_entropy_with_logits(logits, target, reduction='none')
        large = self._large(loss.detach(), target, unknown_cells(known, target))
        if self.action == 'reject':
            loss = torch.where(large, 0, loss)
        else:
            turned = binary_cross_entropy_with_logits(logits, 1 - target, reduction='none')
            loss = torch.where(large, turned, loss)
        if self.training:
            self.batches += 1
        return self.loss_weight * summed(loss, avg_factor)

    def _large(
        self, loss: torch.Tensor, target: torch.Tensor, unknown: torch.Tensor
    ) -> torch.Tensor:
        """The labels to reject or correct, (N, C) bool."""
        suspect = unknown if self.suspects == 'all' else unknown & (target < 0.5)
        number = min(math.ceil(self.share * loss.numel()), int(suspect.sum()))
        if not number:
            return torch.zeros_like(suspect)
        largest = torch.where(suspect, loss, -1).flatten().topk(number).indices
        return torch.zeros_like(suspect).flatten().index_fill(0, largest, True).view_as(suspect)
