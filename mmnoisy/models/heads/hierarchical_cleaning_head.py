"""A label cleaning network that changes labels as far as the verdicts of each class tell."""

from __future__ import annotations

from typing import Sequence

import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn.functional import normalize

from mmnoisy.errors import InputError
from mmnoisy.models.heads.base import Cleaned, last_features
from mmnoisy.models.heads.logit_cleaning_head import GivenLabelsHead

_LEAST = 0.02  # confidences nearer to 0 or 1 than this say no more


@MODELS.register_module()
class HierarchicalCleaningHead(GivenLabelsHead):
    """How sure it is that a noisy label is right: a hierarchical logistic regression.

    With z the classifier's own logit, y the confidence of the label, f the direction of the
    features and e that of random features of the noisy labels of the image,

        c = [y > 0] sigmoid(z + (a z + b logit(y)) / 2 + g + d + W f + U e).

    a, b and g are common to all classes; d and the rows of W and U belong to one class each. All
    begin at zero and have Gaussian priors with mean zero, so that a class of which no verdict was
    seen is cleaned as classes are in general, and the more verdicts it has, the more it is cleaned
    in its own way (partial pooling, `Gelman and Hill 2007, chapter 12
    <https://doi.org/10.1017/CBO9780511790942>`_). The loss is the negative log posterior of the
    verdicts: it is convex, so where training ends does not depend on a seed.

    Args:
        num_classes: the number of classes, C.
        in_channels: D, width of the features.
        embed_dims: E, number of random features of the label set (`Rahimi and Recht 2007
            <https://papers.nips.cc/paper/3182-random-features-for-large-scale-kernel-machines>`_).
        variances: of the priors of d, of a row of W and of a row of U: how far classes may
            differ. Those of a checkpoint stand.
        num_verified: number of images with verdicts that it learns from;
            :class:`mmnoisy.engine.CountVerifiedHook` sets it where it is None.
        loss_weight: weight of the cleaning loss; 0 for a teacher, see :class:`CleaningHead`.
        classifier: the layer that z is of, see ``init_from`` of :class:`CleaningHead`; without a
            checkpoint z is 0.
        init_cfg: initialisation other than zero.

    Raises:
        InputError: there are not three variances, or one is not above 0.
    """

    deviation: torch.Tensor
    label_embedding: torch.Tensor

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embed_dims: int = 512,
        variances: Sequence[float] = (0.5, 5.0, 2.0),
        num_verified: int | None = None,
        loss_weight: float = 1.0,
        classifier: str = 'head.fc',
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(num_classes, loss_weight=loss_weight, init_cfg=init_cfg)
        if len(variances) != 3 or not all(variance > 0 for variance in variances):
            raise InputError(
                f'model.cleaning_head.variances={variances!r}: give three numbers above 0'
            )
        self.num_verified = num_verified
        self.init_from = {'visual_embedding': classifier}
        self.visual_embedding = nn.Linear(in_channels, num_classes).requires_grad_(False)
        generator = torch.Generator().manual_seed(0)
        embedding = torch.randn(num_classes, embed_dims, generator=generator)
        self.register_buffer('label_embedding', embedding)
        # In units of the standard deviations of the priors, which is what optimisers like.
        self.register_buffer('deviation', torch.tensor(variances).sqrt())
        self.common = nn.Parameter(torch.zeros(3))
        self.by_class = nn.Parameter(torch.zeros(num_classes, 1 + in_channels + embed_dims))

    def init_weights(self) -> None:
        """Zeroes the classifier's logit, unless ``init_cfg`` or a checkpoint says otherwise."""
        nn.init.zeros_(self.visual_embedding.weight)
        nn.init.zeros_(self.visual_embedding.bias)
        super().init_weights()

    def logits(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> torch.Tensor:
        """Log-odds of the labels being right if they are given, (N, C) float32."""
        features = last_features(feats)
        z = self.visual_embedding(features).float()
        a, b, g = self.common
        sure = noisy.float().clamp(_LEAST, 1 - _LEAST).logit()
        return z + (a * z + b * sure) / 2 + g + self._of_class(features, noisy).float()

    def loss(
        self, cleaned: Cleaned, verified: torch.Tensor, observed: torch.Tensor
    ) -> torch.Tensor:
        """Negative log posterior of the verdicts, mean over images; those of T are 0.

        Nothing is learned where no label was given.

        Raises:
            InputError: the number of verified images is not known.
        """
        if self.num_verified is None and self.loss_weight:
            raise InputError(
                'model.cleaning_head.num_verified: is not given; add '
                "dict(type='CountVerifiedHook') to custom_hooks, or set it to the number of "
                'images with verdicts'
            )
        squares = self.by_class.square().sum() + self.common.square().sum()
        rated = observed.any(1).float().mean()  # share of images with verdicts in the batch
        prior = self.loss_weight * rated * squares / (2 * (self.num_verified or 1))
        return super().loss(cleaned, verified, observed) + prior

    def _of_class(self, features: torch.Tensor, noisy: torch.Tensor) -> torch.Tensor:
        """What each class adds, (N, C)."""
        labels = normalize((noisy @ self.label_embedding).relu())
        inputs = [torch.ones_like(labels[:, :1]), normalize(features), labels]
        scaled = [one * deviation for one, deviation in zip(inputs, self.deviation)]
        return torch.cat(scaled, 1) @ self.by_class.t()
