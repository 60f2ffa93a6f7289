"""The image-conditioned noise model of Misra et al., a row of the paper's Table 2."""

from __future__ import annotations

from typing import Any, Sequence

import torch
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.nn.functional import logsigmoid

from mmnoisy.errors import InputError

SCORES = ('visual', 'relevance')


def noisy_logit(
    visual: torch.Tensor, if_present: torch.Tensor, if_absent: torch.Tensor
) -> torch.Tensor:
    """Log-odds of the noisy label y under the noise model, in a stable form.

    P(y=1) = P(y=1 | z=1) P(z=1) + P(y=1 | z=0) P(z=0), z being visual presence.

    Args:
        visual: logit of P(z=1), any shape.
        if_present: logit of P(y=1 | z=1), same shape.
        if_absent: logit of P(y=1 | z=0), same shape.

    Returns:
        log P(y=1) - log P(y=0), same shape.
    """
    log_z, log_not_z = logsigmoid(visual), logsigmoid(-visual)

    def either(given_z: torch.Tensor, given_not_z: torch.Tensor) -> torch.Tensor:
        joint = torch.stack([logsigmoid(given_z) + log_z, logsigmoid(given_not_z) + log_not_z])
        return joint.logsumexp(0)  # logaddexp cannot be exported to ONNX

    return either(if_present, if_absent) - either(-if_present, -if_absent)


@MODELS.register_module()
class NoiseModelHead(MultiLabelLinearClsHead):
    """Classifies what is visible while explaining which labels annotators give.

    `Seeing through the Human Reporting Bias: Visual Classifiers from Noisy Human-Centric Labels
    <https://arxiv.org/abs/1512.06974>`_. Three linear layers on the features: visual presence
    (``fc``, so that weights of a plain head load into it) and the probability of a label where
    the class is present and where it is absent. Only the noisy labels supervise it. The softmax
    over four outputs in the authors' code is algebraically these two sigmoids.

    Args:
        num_classes: C.
        in_channels: D, width of the features.
        score: what is predicted: ``'visual'`` presence, or ``'relevance'``, the probability that
            the annotator gives the label; the two Misra rows of Table 2.
        reporting: initial P(y=1 | z=1) and P(y=0 | z=0). Above one half, it tells z from 1 - z.
        **kwargs: of :class:`mmpretrain.models.heads.MultiLabelLinearClsHead`.

    Raises:
        InputError: ``score`` is neither.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        score: str = 'visual',
        reporting: float = 0.964,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes=num_classes, in_channels=in_channels, **kwargs)
        if score not in SCORES:
            raise InputError(f'model.head.score={score!r}: give one of {SCORES}')
        self.score = score
        self.reporting = reporting
        self.if_present = nn.Linear(in_channels, num_classes)
        self.if_absent = nn.Linear(in_channels, num_classes)

    def init_weights(self) -> None:
        """Nearly the identity: labels are what is visible, with a few exceptions."""
        super().init_weights()
        bias = torch.tensor(self.reporting).logit().item()
        for layer, value in ((self.if_present, bias), (self.if_absent, -bias)):
            nn.init.normal_(layer.weight, std=0.001)
            nn.init.constant_(layer.bias, value)

    def forward(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Log-odds of the noisy labels (N, C), on which binary cross-entropy is the loss.

        Args:
            feats: the last of them is f(I), (N, D).
        """
        features = self.pre_logits(feats)
        # Not in half precision: the sum of two probabilities near 0 or 1 needs the digits.
        return noisy_logit(
            self.fc(features).float(),
            self.if_present(features).float(),
            self.if_absent(features).float(),
        )

    def logits(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Log-odds of what is predicted according to ``score``, (N, C)."""
        return super().forward(feats) if self.score == 'visual' else self(feats)

    def predict(
        self,
        feats: tuple[torch.Tensor, ...],
        data_samples: Sequence[DataSample] | None = None,
    ) -> list[DataSample]:
        """Sets ``pred_score`` (C,) and ``pred_label`` according to ``score``."""
        return self._get_predictions(self.logits(feats), data_samples)
