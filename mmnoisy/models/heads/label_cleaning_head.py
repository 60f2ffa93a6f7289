"""The label cleaning network g (section 3.1 of the paper)."""

from __future__ import annotations

import torch
from mmcv.cnn import build_activation_layer
from mmpretrain.registry import MODELS
from torch import nn

from mmnoisy.models.heads.base import Cleaned, CleaningHead, last_features
from mmnoisy.models.heads.class_map import build_class_map
from mmnoisy.models.heads.fusion import build_fusion


def clip_unit(x: torch.Tensor) -> torch.Tensor:
    """Clips to [0, 1] with gradient 1 on the closed interval and 0 outside.

    ``torch.clamp`` has gradient 0 at 0 and 1 since PyTorch 2.14. Noisy labels lie exactly there,
    so a cleaning head that begins as the identity would never learn.
    """
    return torch.where((x >= 0) & (x <= 1), x, x.detach().clamp(0, 1))


@MODELS.register_module()
class LabelCleaningHead(CleaningHead):
    """The cleaning network of the paper, a residual on the noisy labels.

    `Learning From Noisy Large-Scale Datasets With Minimal Supervision
    <https://arxiv.org/abs/1701.01619>`_, Eq. 1 and 2, Figure 3. The output layer begins at zero,
    so the head begins as the identity and returns the noisy labels exactly.

    Noisy labels may be of another vocabulary (section 5): c = clip(S y + g'(y, f(I)), [0, 1]) with
    the labels S y that a class map gives, or without them.

    Args:
        num_classes: the number of classes, C.
        in_channels: D, width of the features.
        embed_dims: width of the embedding of the labels, and of that of the features.
        hidden_dims: width of the hidden layer.
        act_cfg: activation after the hidden layer, for example ``dict(type='ReLU')``. The paper
            speaks of a "hidden linear layer": none.
        loss_weight: weight of the cleaning loss, 0.1 in the paper (section 4.4).
        noisy_classes: A, number of the classes of the noisy labels where these are others.
        class_map: S, the pairs of classes, see :class:`ClassMap`.
        fusion: of labels and features: ``'concat'``, that of the paper, or ``'bilinear'``,
            ``'gated'`` or ``'attention'``, see :mod:`mmnoisy.models.heads.fusion`.
        init_cfg: initialisation other than the above.

    Raises:
        InputError: there is a class map without other classes, or it cannot be used; there is no
            such fusion, or not of this width.
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
        class_map: str | None = None,
        fusion: str = 'concat',
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(num_classes, noisy_classes, loss_weight, init_cfg)
        self.class_map = build_class_map(class_map, noisy_classes, num_classes)
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

    def forward(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> Cleaned:
        """Cleaned labels c = clip(y + g'(y, f(I)), [0, 1]) (Eq. 1), see the base class."""
        visual = self.visual_embedding(last_features(feats))
        fused = self.fusion(self.label_embedding, noisy, visual)
        residual = self.output(self.activation(self.hidden(fused)))
        raw = self.start(noisy) + residual  # in float32 also where the residual is in 16 bits
        return Cleaned(clip_unit(raw), raw)

    def start(self, noisy: torch.Tensor) -> torch.Tensor:
        """What the residual is added to, (N, C): y, S y, or nothing."""
        if self.class_map is not None:
            return self.class_map(noisy).clamp(max=1)
        return noisy if self.noisy_classes is None else noisy.new_zeros(self.num_classes)

    def unclipped(self, cleaned: Cleaned) -> torch.Tensor:
        """Y + g'(y, f(I)), (N, C)."""
        return cleaned.raw

    def loss(
        self, cleaned: Cleaned, verified: torch.Tensor, observed: torch.Tensor
    ) -> torch.Tensor:
        """Weighted absolute distance of c and v (Eq. 2), see the base class."""
        return self.reduce((cleaned.labels - verified).abs(), observed)
