"""Meta Label Correction: labels are corrected so that learning from them helps on verified ones."""

from __future__ import annotations

from typing import Any, Sequence

import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmnoisy.label_batch import LabelBatch
from mmnoisy.models.dual_head_classifier import DualHeadClassifier


def meta_gradient(
    noisy: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    verified: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor],
    lookahead: float,
) -> torch.Tensor:
    """How the loss on verified images changes with the labels that a step is taken on.

    A linear classifier takes one step of gradient descent on n noisy images with labels c. Of its
    loss on m verified images after that step, in closed form, without a second backward pass:

        dL_V / dc = lookahead / n  K (sigmoid(z_V') - v) / m,    K = X X_V^T + 1,
        z_V' = z_V - lookahead / n  K^T (sigmoid(z) - c).

    Args:
        noisy: features X (n, D), logits z (n, C) and labels c (n, C).
        verified: features X_V (m, D), logits z_V (m, C), verdicts v (m, C), and known (m, C),
            where v is given.
        lookahead: the learning rate of the step.

    Returns:
        (n, C).
    """
    x, z, c = noisy
    x_v, z_v, v, known = verified
    kernel = lookahead / len(x) * (x @ x_v.T + 1)
    ahead = z_v - kernel.T @ (z.sigmoid() - c)
    return kernel @ torch.where(known, ahead.sigmoid() - v, 0) / len(x_v)


@MODELS.register_module()
class MetaCorrectionClassifier(DualHeadClassifier):
    """Learns to correct labels from what the corrections do to the classifier.

    `Meta Label Correction for Noisy Label Learning <https://arxiv.org/abs/1911.03809>`_, Eq. 1 to
    4: the corrected labels of the noisy images are those which, after one step of the classifier
    on them, give the least loss on the verified images of the batch. The step is that of the last,
    linear layer, with plain gradient descent: its gradient is exact, see :func:`meta_gradient`.
    Batches need images of both kinds; those of verified images alone train the classifier.

    Args:
        *args: of :class:`DualHeadClassifier`; ``cleaning_head`` has no loss of its own, for
            example a :class:`GatedCorrectionHead`, and ``head`` a linear layer ``fc``.
        lookahead: learning rate of the step.
        learn_verified: the classifier also learns from the verified images of mixed batches; in
            the paper they steer the correction alone.
        **kwargs: likewise.
    """

    cleaning_head: Any

    def __init__(
        self, *args: Any, lookahead: float = 0.1, learn_verified: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lookahead = lookahead
        self.learn_verified = learn_verified

    def loss(
        self, inputs: torch.Tensor, data_samples: LabelBatch | Sequence[DataSample]
    ) -> dict[str, torch.Tensor]:
        """Losses of a batch.

        Args:
            inputs: pictures (N, 3, H, W).
            data_samples: as in :class:`DualHeadClassifier`.

        Returns:
            ``loss_correct``, whose gradient to the corrected labels is :func:`meta_gradient` and
            whose value means nothing, and ``loss_classify``.
        """
        feats = self.extract_feat(inputs)
        noisy, verified, known = self.targets(data_samples, feats[-1].device)
        corrected = self.cleaning_head(feats, noisy)
        target = torch.where(known, verified, corrected.detach())
        of_v = known.any(1)
        influence = torch.zeros_like(corrected)
        learned = torch.ones_like(of_v)
        if of_v.any() and not of_v.all():
            influence[~of_v] = self._influence(feats, target, known, of_v)
            learned = ~of_v | self.learn_verified
        chosen = tuple(feat[learned] for feat in feats)
        return {
            'loss_correct': (corrected * influence).sum(),
            'loss_classify': self._classify(
                self.head, chosen, target[learned], known[learned], (noisy > 0)[learned]
            ),
        }

    @torch.no_grad()
    def _influence(
        self,
        feats: tuple[torch.Tensor, ...],
        target: torch.Tensor,
        known: torch.Tensor,
        of_v: torch.Tensor,
    ) -> torch.Tensor:
        """The gradient with respect to the labels of the noisy images."""
        x = self.head.pre_logits(feats).float()
        z = self.head.fc(x).float()
        return meta_gradient(
            (x[~of_v], z[~of_v], target[~of_v]),
            (x[of_v], z[of_v], target[of_v], known[of_v]),
            self.lookahead,
        )
