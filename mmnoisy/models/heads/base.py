"""What a cleaning head is: the contract that classifier, tools and hooks rely on."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import torch
from mmengine.model import BaseModule

from mmnoisy.errors import InputError


class Cleaned(NamedTuple):
    """What a cleaning head makes of the noisy labels of N images.

    Attributes:
        labels: c, (N, C) float32 in [0, 1].
        raw: what c was made from and the loss is taken on, (N, C) float32: the values before a
            clip, or logits.
    """

    labels: torch.Tensor
    raw: torch.Tensor


class CleaningHead(BaseModule):
    """Maps noisy labels and image features to cleaned labels.

    A subclass gives :meth:`forward` (Eq. 1) and :meth:`loss` (Eq. 2).

    Attributes:
        num_classes: the number of classes, C.
        noisy_classes: A, number of the classes of the noisy labels where these are others, or
            None.
        loss_weight: weight of the cleaning loss. With 0 the head is a teacher: it was trained
            before and stands still.
        init_from: by the name of a layer, the layer of the classifier that it is initialised from
            when a checkpoint is loaded that has no such cleaning head.

    Args:
        num_classes: see above.
        noisy_classes: see above.
        loss_weight: see above.
        init_cfg: initialisation other than that of the subclass.
    """

    init_from: dict[str, str] = {}

    def __init__(
        self,
        num_classes: int,
        noisy_classes: int | None = None,
        loss_weight: float = 1.0,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.noisy_classes = noisy_classes
        self.loss_weight = loss_weight

    @abstractmethod
    def forward(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> Cleaned:
        """Cleans labels (Eq. 1).

        Args:
            feats: f(I), (N, D), or a tuple of which it is the last.
            noisy: y, (N, C) float in [0, 1], or (N, A).
        """

    @abstractmethod
    def loss(
        self, cleaned: Cleaned, verified: torch.Tensor, observed: torch.Tensor
    ) -> torch.Tensor:
        """Weighted cleaning loss (Eq. 2), summed over classes, mean over the images of the batch.

        Args:
            cleaned: of :meth:`forward`.
            verified: v, (N, C) in [0, 1].
            observed: (N, C) bool, where v is given; the rest adds nothing.

        Returns:
            A scalar, 0 for a batch without verified labels.
        """

    def unclipped(self, cleaned: Cleaned) -> torch.Tensor:
        """Labels (N, C) that are c where they are clipped to [0, 1]: they rank what the clip ties.

        Args:
            cleaned: of :meth:`forward`.
        """
        return cleaned.labels

    def reduce(self, cells: torch.Tensor, learned: torch.Tensor) -> torch.Tensor:
        """The weighted sum over classes and mean over images of a loss.

        Args:
            cells: (N, C).
            learned: (N, C) bool, which of them count.
        """
        return self.loss_weight * torch.where(learned, cells, 0).sum() / len(cells)


def last_features(feats: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    """F(I), (N, D), of features that are a tensor, or a tuple of which it is the last.

    Raises:
        InputError: there is more than one vector an image, or none.
    """
    features = feats if isinstance(feats, torch.Tensor) else feats[-1]
    if features.ndim != 2:
        raise InputError(
            f'features of shape {list(features.shape)}: a head needs one vector for each image, '
            "(N, D); pool them, for example with model.neck=dict(type='GlobalAveragePooling')"
        )
    return features
