"""What a loss for wrong or missing labels is, and how a classifier calls any loss of a head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from inspect import signature
from typing import Any, Iterable

import torch
from mmengine.dist import get_world_size
from torch import nn

from mmnoisy.errors import InputError


class RobustLoss(nn.Module, ABC):
    """A multi-label loss that may know which labels people have verified.

    A subclass gives :meth:`cells`, the loss of each label; the reduction is here, that of
    MMPretrain's multi-label heads. It goes into the ``loss`` of any of them.

    Args:
        loss_weight: of the result.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    @abstractmethod
    def cells(
        self, logits: torch.Tensor, target: torch.Tensor, observed_mask: torch.Tensor
    ) -> torch.Tensor:
        """The loss of each label, (N, C).

        Args:
            logits: x, (N, C) float32.
            target: (N, C) in [0, 1].
            observed_mask: (N, C) bool, where the target is a verdict.
        """

    def forward(
        self,
        logits: torch.Tensor,
        target: torch.Tensor,
        observed_mask: torch.Tensor | None = None,
        weight: torch.Tensor | None = None,
        avg_factor: float | None = None,
    ) -> torch.Tensor:
        """The loss, summed over classes, mean over images.

        Args:
            logits: x, (N, C).
            target: (N, C) in [0, 1].
            observed_mask: (N, C) bool, where the target is a verdict; None: nowhere.
            weight: of each label, (N, C); None: 1.
            avg_factor: number of images; None: N.

        Returns:
            A scalar.
        """
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        if observed_mask is None:
            observed_mask = torch.zeros_like(target, dtype=torch.bool)
        loss = self.cells(logits, target, observed_mask)
        if weight is not None:
            loss = weight * loss
        return self.loss_weight * loss.sum() / (avg_factor or len(loss))


class ScheduledLoss(RobustLoss):
    """A loss that changes with the images it has been trained on, those of all processes.

    Neither accumulation of gradients nor another batch size changes such a schedule, and
    checkpoints keep where it is.

    Args:
        loss_weight: of the result.
    """

    images_seen: torch.Tensor

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__(loss_weight)
        self.register_buffer('images_seen', torch.zeros((), dtype=torch.long))
        self.seen = 0  # the same on the host, so that no step waits for a device

    def forward(self, logits: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """See :meth:`RobustLoss.forward`; counts the images while it is in training mode."""
        loss = super().forward(logits, *args, **kwargs)
        if self.training:
            images = len(logits) * get_world_size()
            self.seen += images
            self.images_seen += images
        return loss

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args)
        self.seen = int(self.images_seen)


def head_loss(
    head: Any,
    feats: tuple[torch.Tensor, ...],
    target: torch.Tensor,
    observed_mask: torch.Tensor,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """The loss of a multi-label head: a :class:`RobustLoss`, or one of MMPretrain.

    Args:
        head: with a ``loss_module``.
        feats: what it looks at.
        target: (N, C) in [0, 1].
        observed_mask: (N, C) bool, where the target is a verdict; MMPretrain's losses do not ask.
        weight: of each label, (N, C), see :func:`require_weights`; None: 1.

    Returns:
        A scalar, summed over classes, mean over images.
    """
    loss, logits = head.loss_module, head(feats).float()
    if isinstance(loss, RobustLoss):
        return loss(logits, target, observed_mask, weight, avg_factor=len(target))
    if weight is None:
        return loss(logits, target, avg_factor=len(target))
    return (weight * loss(logits, target, reduction_override='none')).sum() / len(target)


def require_weights(heads: Iterable[Any], setting: str) -> None:
    """Looks whether the losses of heads can weigh single labels.

    Args:
        heads: with a ``loss_module`` each, or None.
        setting: what needs them to, for the complaint.

    Raises:
        InputError: one cannot.
    """
    for loss in (head.loss_module for head in heads if head is not None):
        by_label = getattr(loss, 'use_sigmoid', True)  # not one loss an image, as of a softmax
        if not isinstance(loss, RobustLoss) and not (
            by_label and 'reduction_override' in signature(loss.forward).parameters
        ):
            raise InputError(
                f'{setting}: {type(loss).__name__} cannot weigh single labels; set the loss of '
                "the head to a RobustLoss or to MMPretrain's CrossEntropyLoss with "
                'use_sigmoid=True, AsymmetricLoss or FocalLoss'
            )
