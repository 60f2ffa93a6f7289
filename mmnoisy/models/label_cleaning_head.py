"""The label cleaning network g (section 3.1 of the paper)."""

from __future__ import annotations

import torch
from mmcv.cnn import build_activation_layer
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from mmnoisy.models.fusion import build_fusion
from mmnoisy.models.label_correspondence import build_correspondence


def clip_unit(x: torch.Tensor) -> torch.Tensor:
    """Clips to [0, 1] with gradient 1 on the closed interval and 0 outside.

    ``torch.clamp`` has gradient 0 at 0 and 1 since PyTorch 2.14. Noisy labels lie exactly there,
    so a cleaning head that begins as the identity would never learn.
    """
    return torch.where((x >= 0) & (x <= 1), x, x.detach().clamp(0, 1))


@MODELS.register_module()
class LabelCleaningHead(BaseModule):
    """Maps noisy labels and image features to cleaned labels.

    `Learning From Noisy Large-Scale Datasets With Minimal Supervision
    <https://arxiv.org/abs/1701.01619>`_, Eq. 1 and 2, Figure 3. The output layer begins at zero,
    so the head begins as the identity and returns the noisy labels exactly.

    Noisy labels may be of another vocabulary (section 5): c = clip(S y + g'(y, f(I)), [0, 1]) with
    the labels S y that they say by a correspondence, or without them.

    Args:
        num_classes: C.
        in_channels: D, width of the features.
        embed_dims: width of the embedding of the labels, and of that of the features.
        hidden_dims: width of the hidden layer.
        act_cfg: activation after the hidden layer, for example ``dict(type='ReLU')``. The paper
            speaks of a "hidden linear layer": none.
        loss_weight: weight of the cleaning loss, 0.1 in the paper (section 4.4).
        noisy_classes: A, number of the classes of the noisy labels where these are others.
        correspondence: S, the pairs of classes, see :class:`LabelCorrespondence`.
        fusion: of labels and features: ``'concat'``, that of the paper, or ``'bilinear'``,
            ``'gated'`` or ``'attention'``, see :mod:`mmnoisy.models.fusion`.
        init_cfg: initialisation other than the above.

    Raises:
        InputError: there is a correspondence without other classes, or it cannot be used; there is
            no such fusion, or not of this width.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embed_dims: int = 256,
        hidden_dims: int = 512,
        act_cfg: dict | None = None,
        loss_weight: float = 0.1,
        noisy_classes: int | None = None,
        correspondence: str | None = None,
        fusion: str = 'concat',
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.loss_weight = loss_weight
        self.noisy_classes = noisy_classes
        self.correspondence = build_correspondence(correspondence, noisy_classes, num_classes)
        self.label_embedding = nn.Linear(noisy_classes or num_classes, embed_dims, bias=False)
        self.visual_embedding = nn.Linear(in_channels, embed_dims)
        self.fusion = build_fusion(fusion, embed_dims)
        self.hidden = nn.Linear(self.fusion.width, hidden_dims)
        self.activation = build_activation_layer(act_cfg) if act_cfg else nn.Identity()
        self.output = nn.Linear(hidden_dims, num_classes)

    def init_weights(self) -> None:
        """Zeroes the output layer, unless ``init_cfg`` says otherwise."""
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        super().init_weights()

    def forward(self, feats: tuple[torch.Tensor, ...], noisy: torch.Tensor) -> torch.Tensor:
        """Cleaned labels c = clip(y + g'(y, f(I)), [0, 1]) (Eq. 1).

        Args:
            feats: the last of them is f(I), (N, D).
            noisy: y, (N, C) float in [0, 1], or (N, A).

        Returns:
            (N, C) float32 in [0, 1].
        """
        return clip_unit(self.unclipped(feats, noisy))

    def unclipped(self, feats: tuple[torch.Tensor, ...], noisy: torch.Tensor) -> torch.Tensor:
        """Y + g'(y, f(I)), (N, C) float32: ranks labels that the clip makes equal.

        Args:
            feats: as in :meth:`forward`.
            noisy: as in :meth:`forward`.
        """
        fused = self.fusion(self.label_embedding, noisy, self.visual_embedding(feats[-1]))
        residual = self.output(self.activation(self.hidden(fused)))
        if self.correspondence is not None:
            noisy = self.correspondence(noisy).clamp(max=1)
        elif self.noisy_classes is not None:
            return residual.float()
        return noisy + residual  # in float32 also where the residual is in half precision

    def loss(
        self, cleaned: torch.Tensor, verified: torch.Tensor, known: torch.Tensor
    ) -> torch.Tensor:
        """Weighted cleaning loss |c - v| (Eq. 2), summed over classes, mean over the batch.

        Args:
            cleaned: c, (N, C).
            verified: v, (N, C).
            known: (N, C) bool, where v is given; the rest adds nothing.

        Returns:
            A scalar, 0 for a batch without verified labels.
        """
        distance = torch.where(known, (cleaned - verified).abs(), 0)
        return self.loss_weight * distance.sum() / len(cleaned)
