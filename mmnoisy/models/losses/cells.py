"""What the losses share: their reduction, and which labels are given by people."""

from __future__ import annotations

import torch


def unknown_cells(known: torch.Tensor | None, target: torch.Tensor) -> torch.Tensor:
    """Where nobody has verified a label, (N, C) bool; everywhere if nothing is said about it.

    Args:
        known: (N, C) bool, where the target is a verdict.
        target: (N, C).
    """
    return torch.ones_like(target, dtype=torch.bool) if known is None else ~known


def summed(loss: torch.Tensor, avg_factor: float | None) -> torch.Tensor:
    """The sum over classes and the mean over images, as MMPretrain's multi-label heads have it.

    Args:
        loss: (N, C).
        avg_factor: number of images; that of the batch if None.
    """
    return loss.sum() / (avg_factor or len(loss))
