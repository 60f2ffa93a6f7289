"""Meta Label Correction: labels are corrected so that learning from them helps on verified ones."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.registry import MODELS

from mmnoisy.errors import InputError
from mmnoisy.models.classifier import DualHeadClassifier
from mmnoisy.models.heads import Cleaned
from mmnoisy.models.losses.base import require_weights


def meta_gradient(
    x: torch.Tensor,
    logits: torch.Tensor,
    target: torch.Tensor,
    observed: torch.Tensor,
    lookahead: float,
) -> torch.Tensor:
    """How the loss on verified images changes with the labels that a step is taken on.

    A linear classifier takes one step of gradient descent on n noisy images with labels c. Of its
    loss on m verified images after that step, in closed form, without a second backward pass:

        dL_V / dc = lookahead / n  K (sigmoid(z_V') - v) / m,    K = X X_V^T + 1,
        z_V' = z_V - lookahead / n  K^T (sigmoid(z) - c).

    Args:
        x: features of all n + m images, (N, D).
        logits: z, (N, C).
        target: c of noisy images, v of verified ones, (N, C).
        observed: (N, C) bool, where v is given; images with any are the verified ones.
        lookahead: the learning rate of the step.

    Returns:
        (N, C), 0 for verified images, and for all where the batch has images of one kind only.
    """
    of_v = observed.any(1, keepdim=True)  # masks: selecting rows would wait for the device
    n, m = ((part.sum().clamp(min=1)) for part in (~of_v, of_v))
    kernel = lookahead / n * (x @ x.T + 1)
    ahead = logits - kernel @ torch.where(of_v, 0, logits.sigmoid() - target)
    slope = torch.where(observed, ahead.sigmoid() - target, 0) / m
    return torch.where(of_v, 0, kernel @ slope)


@MODELS.register_module()
class MetaCorrectionClassifier(DualHeadClassifier):
    """Learns to correct labels from what the corrections do to the classifier.

    `Meta Label Correction for Noisy Label Learning <https://arxiv.org/abs/1911.03809>`_, Eq. 1 to
    4: the corrected labels of the noisy images are those which, after one step of the classifier
    on them, give the least loss on the verified images of the batch. The step is that of the last,
    linear layer, with plain gradient descent on cross-entropy: its gradient is exact, see
    :func:`meta_gradient`. Batches need images of both kinds; those of verified images alone train
    the classifier.

    Args:
        lookahead: learning rate of the step.
        learn_verified: the classifier also learns from the verified images of mixed batches; in
            the paper they steer the correction alone.
        **kwargs: of :class:`DualHeadClassifier`; with a ``cleaning_head`` that learns, for example
            a :class:`GatedCorrectionHead`, and as ``head`` a ``MultiLabelLinearClsHead``.

    Raises:
        InputError: there is no cleaning head that learns, the head is no linear layer, or its loss
            cannot leave verified images out.
    """

    def __init__(self, lookahead: float = 0.1, learn_verified: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.cleaning_head is None or not self.cleaning_head.loss_weight:
            raise InputError(
                'model.cleaning_head: a MetaCorrectionClassifier trains one; give one with a '
                'loss_weight other than 0'
            )
        if type(self.head).forward is not MultiLabelLinearClsHead.forward:
            raise InputError(
                f'model.head.type={type(self.head).__name__!r}: a MetaCorrectionClassifier steps '
                "along a linear layer; give 'MultiLabelLinearClsHead'"
            )
        if not learn_verified:
            require_weights((self.head, self.auxiliary_head), 'model.learn_verified=False')
        self.lookahead = lookahead
        self.learn_verified = learn_verified

    def cleaning_loss(
        self,
        cleaned: Cleaned,
        feats: tuple[torch.Tensor, ...],
        verified: torch.Tensor,
        observed: torch.Tensor,
    ) -> torch.Tensor:
        """A scalar with :func:`meta_gradient` for its gradient to the labels, without a meaning."""
        with torch.no_grad():
            influence = meta_gradient(
                self.head.pre_logits(feats).float(),
                self.head(feats).float(),
                torch.where(observed, verified, cleaned.labels),
                observed,
                self.lookahead,
            )
        return self.cleaning_head.loss_weight * (cleaned.labels * influence).sum()

    def weight(self, noisy: torch.Tensor, observed: torch.Tensor) -> torch.Tensor | None:
        """As in the base class, but 0 for verified images in mixed batches, if so set."""
        weight = super().weight(noisy, observed)
        if self.learn_verified:
            return weight
        learned = ~observed.any(1, keepdim=True)
        learned = learned | ~learned.any()
        share = learned.float() / learned.float().mean()  # the mean is over what is learned
        return share.expand_as(observed) if weight is None else share * weight
