"""The mixture of two probabilities in a numerically stable form (pure arrays)."""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid


def mixture_logit(gate: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Log-odds of p = a q + (1 - a) r.

    Args:
        gate: logit of a, any shape.
        first: logit of q, a shape that goes with it; infinite where q is 0 or 1.
        second: logit of r, likewise, but finite.

    Returns:
        log p - log (1 - p).
    """
    log_a, log_not_a = logsigmoid(gate), logsigmoid(-gate)

    def either(q: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        joint = torch.stack([logsigmoid(q) + log_a, logsigmoid(r) + log_not_a])
        return joint.logsumexp(0)  # logaddexp cannot be exported to ONNX

    return either(first, second) - either(-first, -second)
