"""The image-conditioned noise model of Misra et al., a row of the paper's Table 2."""

from __future__ import annotations

from typing import Any, Sequence

import torch
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn

from mmnoisy.errors import InputError
from mmnoisy.models.heads.base import last_features
from mmnoisy.models.heads.mixture import mixture_logit

SCORES = ('visual', 'relevance')


class ReportingLayer(nn.Linear):
    """The probability that a label is given, nearly the same whatever the features at first.

    Args:
        in_channels: the width of the features, D.
        num_classes: the number of classes, C.
        probability: at the beginning.
    """

    def __init__(self, in_channels: int, num_classes: int, probability: float) -> None:
        super().__init__(in_channels, num_classes)
        self.probability = probability

    def init_weights(self) -> None:
        """MMEngine calls it after ``init_cfg`` of the head, but before what is pretrained."""
        nn.init.normal_(self.weight, std=0.001)
        nn.init.constant_(self.bias, torch.tensor(self.probability).logit().item())


@MODELS.register_module()
class NoiseModelHead(MultiLabelLinearClsHead):
    """Classifies what is visible while explaining which labels annotators give.

    `Seeing through the Human Reporting Bias: Visual Classifiers from Noisy Human-Centric Labels
    <https://arxiv.org/abs/1512.06974>`_. Three linear layers on the features: visual presence
    (``fc``, so that weights of a plain head load into it) and the probability of a label where
    the class is present and where it is absent. Only the noisy labels supervise it. The softmax
    over four outputs in the authors' code is algebraically these two sigmoids.

    Args:
        num_classes: the number of classes, C.
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
        self.if_present = ReportingLayer(in_channels, num_classes, reporting)
        self.if_absent = ReportingLayer(in_channels, num_classes, 1 - reporting)

    def pre_logits(self, feats: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
        """F(I), (N, D), the features or the last of them."""
        return last_features(feats)

    def forward(self, feats: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Log-odds of the noisy labels (N, C), on which binary cross-entropy is the loss.

        P(y=1) = P(y=1 | z=1) P(z=1) + P(y=1 | z=0) P(z=0), z being visual presence.

        Args:
            feats: f(I), (N, D), or a tuple of which it is the last.
        """
        features = self.pre_logits(feats)
        # Not in half precision: the sum of two probabilities near 0 or 1 needs the digits.
        return mixture_logit(
            self.fc(features).float(),
            self.if_present(features).float(),
            self.if_absent(features).float(),
        )

    def logits(self, feats: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Log-odds of what is predicted according to ``score``, (N, C)."""
        return super().forward(feats) if self.score == 'visual' else self(feats)

    def predict(
        self,
        feats: torch.Tensor | tuple[torch.Tensor, ...],
        data_samples: Sequence[DataSample] | None = None,
    ) -> list[DataSample]:
        """Sets ``pred_score`` (C,) and ``pred_label`` according to ``score``."""
        return self._get_predictions(self.logits(feats), data_samples)
