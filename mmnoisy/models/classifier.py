"""The joint model: label cleaning network g and classifier h on shared features (section 3)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Iterator, Sequence

import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn

from mmnoisy.errors import InputError
from mmnoisy.label_batch import LabelBatch
from mmnoisy.models.heads import Cleaned, CleaningHead
from mmnoisy.models.heads.building import begin_layers, build_like
from mmnoisy.models.losses.base import head_loss, require_weights
from mmnoisy.models.old_names import rename_old_keys
from mmnoisy.models.partly_frozen import PartlyFrozenClassifier
from mmnoisy.models.targets import UNVERIFIED, stack_targets

UNANNOTATED = ('absent', 'teacher')


@MODELS.register_module()
class DualHeadClassifier(PartlyFrozenClassifier):
    """A multi-label classifier that learns from noisy labels and a few verified ones.

    `Learning From Noisy Large-Scale Datasets With Minimal Supervision
    <https://arxiv.org/abs/1701.01619>`_. Without a cleaning head the classifier learns from the
    noisy labels as they are: with T, V or a mix of both to train on, these are the baseline and
    the two fine-tuned rows of Table 2.

    Args:
        backbone: gives the features f(I).
        head: h, a multi-label head of MMPretrain with a ``loss_module``.
        neck: pooling, if the backbone does not pool.
        cleaning_head: g, a :class:`CleaningHead`; its sizes are those of the head by default.
        auxiliary_head: a second multi-label head, on the first features of the backbone, with
            the loss weight of its own ``loss``; learns the same targets.
        unverified: what v is for the unrated classes of a verified image, see
            :func:`stack_targets`.
        soft_labels: y is the confidence of each noisy label instead of 1: the machine's own, or
            what ``tools/clean_labels.py --soft`` wrote.
        unannotated: what the classifier learns of the classes of an image that are neither among
            its noisy labels nor rated, absences that nobody has looked at: that they are
            ``'absent'``, or as likely as a ``'teacher'`` says, the head of the checkpoint that
            training begins with. So the classifier does not forget what it knew of them
            (`learning without forgetting <https://arxiv.org/abs/1606.09282>`_).
        unannotated_weight: weight of these classes in the classification loss.
        **kwargs: of :class:`PartlyFrozenClassifier`, among them ``freeze_backbone`` for the
            fine-tuning of the last layers (section 4.3).

    Raises:
        InputError: an invalid choice, or two settings that contradict one another.
    """

    teacher_head: Any

    def loss(
        self, inputs: torch.Tensor, data_samples: LabelBatch | Sequence[DataSample]
    ) -> dict[str, torch.Tensor]:
        """Losses of a batch; what is learned from what.

        Args:
            inputs: pictures (N, 3, H, W).
            data_samples: N samples with sparse labels, see :class:`OpenImages`, or the labels of
                all of them at once.

        Returns:
            ``loss_clean`` (with a cleaning head), ``loss_classify`` and ``loss_auxiliary`` (with
            an auxiliary head): scalars, summed over classes, mean over images.
        """
        feats = self.extract_feat(inputs)
        noisy, verified, observed = self.targets(data_samples, feats[-1].device)
        losses, labels = {}, noisy
        if self.cleaning_head is not None:
            cleaned = self.cleaning_head(feats, noisy)  # Eq. 1
            losses['loss_clean'] = self.cleaning_loss(cleaned, feats, verified, observed)  # Eq. 2
            labels = cleaned.labels.detach()  # constants for the classifier
        target = torch.where(observed, verified, labels)
        if self.teacher_head is not None:
            target = torch.where(~observed & (noisy == 0), self.teacher(feats), target)
        weight = self.weight(noisy, observed)
        losses['loss_classify'] = head_loss(self.head, feats, target, observed, weight)  # Eq. 3
        if self.auxiliary_head is not None:
            losses['loss_auxiliary'] = head_loss(
                self.auxiliary_head, feats[:1], target, observed, weight
            )
        return losses

    def __init__(
        self,
        backbone: dict,
        head: dict,
        neck: dict | None = None,
        cleaning_head: dict | None = None,
        auxiliary_head: dict | None = None,
        unverified: str = 'absent',
        soft_labels: bool = False,
        unannotated: str = 'absent',
        unannotated_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(backbone=backbone, neck=neck, head=head, **kwargs)
        if unverified not in UNVERIFIED:
            raise InputError(f'model.unverified={unverified!r}: give one of {UNVERIFIED}')
        if unannotated not in UNANNOTATED:
            raise InputError(f'model.unannotated={unannotated!r}: give one of {UNANNOTATED}')
        if auxiliary_head is not None and self.freeze_backbone:
            raise InputError(
                'model.auxiliary_head: helps to train a backbone, and this one is frozen; '
                'leave it out or set model.freeze_backbone=False'
            )
        self.cleaning_head = build_like(self.head, cleaning_head, 'num_classes', 'in_channels')
        self.auxiliary_head = build_like(self.head, auxiliary_head, 'num_classes')
        if not isinstance(self.cleaning_head, (CleaningHead, type(None))):
            raise InputError(
                f'model.cleaning_head.type={type(self.cleaning_head).__name__!r}: is none; give a '
                'subclass of mmnoisy.models.CleaningHead'
            )
        self.noisy_classes = self.cleaning_head and self.cleaning_head.noisy_classes
        if self.noisy_classes is not None and (
            unverified == 'noisy' or unannotated != 'absent' or unannotated_weight != 1
        ):
            raise InputError(
                f'model.cleaning_head.noisy_classes={self.noisy_classes}: noisy labels of other '
                "classes list none of the head's; leave out unverified='noisy', unannotated and "
                'unannotated_weight'
            )
        self.teacher_head = deepcopy(self.head) if unannotated == 'teacher' else None
        self.unverified, self.soft_labels = unverified, soft_labels
        self.unannotated_weight = unannotated_weight
        if unannotated_weight != 1:
            setting = f'model.unannotated_weight={unannotated_weight}'
            require_weights((self.head, self.auxiliary_head), setting)
        self._register_load_state_dict_pre_hook(self._begin)
        self.freeze()

    def targets(
        self, data_samples: LabelBatch | Sequence[DataSample], device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Noisy labels, verified labels and where these are given, see :func:`stack_targets`."""
        return stack_targets(
            data_samples,
            self.head.num_classes,
            self.unverified,
            device,
            self.soft_labels,
            self.noisy_classes,
        )

    def cleaning_loss(
        self,
        cleaned: Cleaned,
        feats: tuple[torch.Tensor, ...],
        verified: torch.Tensor,
        observed: torch.Tensor,
    ) -> torch.Tensor:
        """What the cleaning head learns, a scalar."""
        return self.cleaning_head.loss(cleaned, verified, observed)

    def weight(self, noisy: torch.Tensor, observed: torch.Tensor) -> torch.Tensor | None:
        """The weights of all labels in the classification loss, (N, C); None where all are 1."""
        if self.unannotated_weight == 1:
            return None
        return torch.where(~observed & (noisy == 0), self.unannotated_weight, 1.0)

    @torch.no_grad()
    def teacher(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """What the head said of all classes when training began, (N, C) float32."""
        return self.teacher_head(feats).float().sigmoid()

    def frozen(self) -> Iterator[nn.Module]:
        """Backbone, cleaning head and teacher, where they stand still."""
        yield from super().frozen()
        if self.cleaning_head is not None and self.cleaning_head.loss_weight == 0:
            yield self.cleaning_head
        if self.teacher_head is not None:
            yield self.teacher_head

    def init_weights(self) -> None:
        """As in MMEngine; without a checkpoint the teacher is the head as it begins."""
        super().init_weights()
        inits = self.init_cfg if isinstance(self.init_cfg, list) else [self.init_cfg or {}]
        if self.teacher_head is not None and 'Pretrained' not in [i.get('type') for i in inits]:
            self.teacher_head.load_state_dict(self.head.state_dict())

    def _begin(self, state_dict: dict, prefix: str, *_: Any) -> None:
        """Layers that begin as others, where a checkpoint has none of them."""
        rename_old_keys(state_dict, prefix)
        init_from = self.cleaning_head.init_from if self.cleaning_head is not None else {}
        layers = {f'cleaning_head.{layer}': other for layer, other in init_from.items()}
        if self.teacher_head is not None:
            layers['teacher_head'] = 'head'
        begin_layers(state_dict, prefix, layers)
