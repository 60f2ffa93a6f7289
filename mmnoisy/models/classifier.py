"""The joint model: label cleaning network g and classifier h on shared features (section 3)."""

from __future__ import annotations

from contextlib import nullcontext
from copy import deepcopy
from typing import Any, Iterator, Sequence

import torch
from mmengine.model import BaseModule
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmnoisy.errors import InputError
from mmnoisy.label_batch import LabelBatch
from mmnoisy.models.targets import UNVERIFIED, stack_targets

UNLISTED = ('absent', 'former')
FEATURE_DTYPES = (None, 'bfloat16', 'float16')
# Those for which PyTorch has fast kernels; on others it emulates 16 bits, a hundred times slower.
HALF_PRECISION_CPUS = ('AVX512', 'SVE256')


def computes_in_half(device: torch.device) -> bool:
    """Whether a device is fast in 16 bits."""
    return device.type != 'cpu' or torch.backends.cpu.get_cpu_capability() in HALF_PRECISION_CPUS


@MODELS.register_module()
class DualHeadClassifier(ImageClassifier):
    """A multi-label classifier that learns from noisy labels and a few verified ones.

    `Learning From Noisy Large-Scale Datasets With Minimal Supervision
    <https://arxiv.org/abs/1701.01619>`_. Without a cleaning head the classifier learns from the
    noisy labels as they are: with T, V or a mix of both to train on, these are the baseline and
    the two fine-tuned rows of Table 2.

    Args:
        backbone: f.
        head: h, a multi-label head of MMPretrain with a ``loss_module``.
        neck: pooling, if the backbone does not pool.
        cleaning_head: g, see :class:`LabelCleaningHead`. One with ``noisy_classes`` takes noisy
            labels of other classes than those of the head; one whose ``loss_weight`` is 0 is a
            teacher that stands still.
        auxiliary_head: a second multi-label head, on the first features of the backbone, with
            the loss weight of its own ``loss``; learns the same targets.
        unverified: what v is for the unrated classes of a verified image, see
            :func:`stack_targets`.
        soft_labels: y is the confidence of each noisy label instead of 1: the machine's own, or
            what ``tools/clean_labels.py --soft`` wrote.
        unlisted: what the classifier learns of the classes of an image that are neither among its
            noisy labels nor rated, absences that nobody has looked at: that they are
            ``'absent'``, or as likely as the ``'former'`` head said, the head of the checkpoint
            that training begins with (or its own former head, where it has one). So the
            classifier does not forget what it knew of them (`learning without forgetting
            <https://arxiv.org/abs/1606.09282>`_).
        unlisted_weight: weight of these classes in the classification loss. Other than 1 it needs
            a loss with ``reduction_override``, such as MMPretrain's own, and so does ``'former'``.
        freeze_backbone: the backbone gets no gradient, and its batch norm and dropout stay in
            evaluation mode (fine-tuning of the last layers, section 4.3).
        feature_dtype: run a frozen backbone in this precision, for example ``'bfloat16'``, where
            the device has instructions for it; a CPU that has none stays with float32.
        **kwargs: of :class:`mmpretrain.models.ImageClassifier`.

    Raises:
        InputError: a setting has none of its values, or two of them contradict one another.
    """

    backbone: Any  # nn.Module gives its children no types
    neck: Any
    head: Any
    former_head: Any

    def __init__(
        self,
        backbone: dict,
        head: dict,
        neck: dict | None = None,
        cleaning_head: dict | None = None,
        auxiliary_head: dict | None = None,
        unverified: str = 'absent',
        soft_labels: bool = False,
        unlisted: str = 'absent',
        unlisted_weight: float = 1.0,
        freeze_backbone: bool = False,
        feature_dtype: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(backbone=backbone, neck=neck, head=head, **kwargs)
        if unverified not in UNVERIFIED:
            raise InputError(f'model.unverified={unverified!r}: give one of {UNVERIFIED}')
        if unlisted not in UNLISTED:
            raise InputError(f'model.unlisted={unlisted!r}: give one of {UNLISTED}')
        if feature_dtype not in FEATURE_DTYPES:
            raise InputError(f'model.feature_dtype={feature_dtype!r}: give one of {FEATURE_DTYPES}')
        if feature_dtype is not None and not freeze_backbone:
            raise InputError(
                f'model.feature_dtype={feature_dtype!r}: is for a frozen backbone; '
                'set model.freeze_backbone=True, or train with --amp'
            )
        if auxiliary_head is not None and freeze_backbone:
            raise InputError(
                'model.auxiliary_head: helps to train a backbone, and this one is frozen; '
                'leave it out or set model.freeze_backbone=False'
            )
        self.cleaning_head = MODELS.build(cleaning_head) if cleaning_head else None
        self.noisy_classes = getattr(self.cleaning_head, 'noisy_classes', None)
        if self.noisy_classes is not None and (
            unverified == 'noisy' or unlisted != 'absent' or unlisted_weight != 1
        ):
            raise InputError(
                f'model.cleaning_head.noisy_classes={self.noisy_classes}: noisy labels of other '
                "classes list none of the head's; leave out unverified='noisy', unlisted and "
                'unlisted_weight'
            )
        self.auxiliary_head = MODELS.build(auxiliary_head) if auxiliary_head else None
        self.former_head = deepcopy(self.head) if unlisted == 'former' else None
        self._register_load_state_dict_pre_hook(self._begin)
        self.unverified = unverified
        self.soft_labels = soft_labels
        self.unlisted_weight = unlisted_weight
        self.freeze_backbone = freeze_backbone
        self.feature_dtype = getattr(torch, feature_dtype) if feature_dtype else None
        if freeze_backbone:
            self.backbone.to(memory_format=torch.channels_last)
        for module in self._frozen():
            module.requires_grad_(False)

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
        noisy, verified, known = self.targets(data_samples, feats[-1].device)
        losses, cleaned = {}, noisy
        if self.cleaning_head is not None:
            cleaned = self.cleaning_head(feats, noisy)  # Eq. 1
            losses['loss_clean'] = self.cleaning_head.loss(cleaned, verified, known)  # Eq. 2
        target = torch.where(known, verified, cleaned.detach())  # constants for the classifier
        unlisted = self._unlisted(noisy, known)
        if unlisted is not None and self.former_head is not None:
            target = torch.where(unlisted, self._former(feats), target)
        losses['loss_classify'] = self._classify(self.head, feats, target, known, unlisted)  # Eq. 3
        if self.auxiliary_head is not None:
            losses['loss_auxiliary'] = self._classify(
                self.auxiliary_head, feats[:1], target, known, unlisted
            )
        return losses

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

    def extract_feat(self, inputs: torch.Tensor, stage: str = 'neck') -> Any:
        """As in :class:`mmpretrain.models.ImageClassifier`; a frozen backbone keeps no graph."""
        if not self.freeze_backbone:
            return super().extract_feat(inputs, stage)
        precision = (
            torch.autocast(inputs.device.type, self.feature_dtype)
            if self.feature_dtype and computes_in_half(inputs.device)
            else nullcontext()
        )
        with torch.no_grad(), precision:
            feats = self.backbone(inputs.contiguous(memory_format=torch.channels_last))
        feats = tuple(feat.float() for feat in feats)
        if stage != 'backbone' and self.with_neck:
            feats = self.neck(feats)
        return self.head.pre_logits(feats) if stage == 'pre_logits' else feats

    def train(self, mode: bool = True) -> DualHeadClassifier:
        """Sets training mode, but for what stands still."""
        super().train(mode)
        for module in self._frozen():
            module.eval()
        return self

    def init_weights(self) -> None:
        """As in MMEngine; without a checkpoint the former head is the head as it begins."""
        super().init_weights()
        if self.former_head is not None:
            self.former_head.load_state_dict(self.head.state_dict())

    def _frozen(self) -> Iterator[BaseModule]:
        """What gets no gradient, and no chance from dropout."""
        if self.freeze_backbone:
            yield self.backbone
        if getattr(self.cleaning_head, 'loss_weight', None) == 0:
            yield self.cleaning_head
        if self.former_head is not None:
            yield self.former_head

    def _unlisted(self, noisy: torch.Tensor, known: torch.Tensor) -> torch.Tensor | None:
        """Classes that nobody has given or rated, if these are another matter than the rest."""
        if self.former_head is None and self.unlisted_weight == 1:
            return None
        return ~known & (noisy == 0)

    def _begin(self, state_dict: dict, prefix: str, *_: Any) -> None:
        """Layers that begin as others, where a checkpoint has none of them."""
        begins = getattr(self.cleaning_head, 'begins_as', {})
        layers = {f'cleaning_head.{layer}': other for layer, other in begins.items()}
        if self.former_head is not None:
            layers['former_head'] = 'head'
        for layer, other in layers.items():
            source = f'{prefix}{other}.'
            for key in [key for key in state_dict if key.startswith(source)]:
                state_dict.setdefault(f'{prefix}{layer}.{key[len(source) :]}', state_dict[key])

    @torch.no_grad()
    def _former(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """What the head said of all classes when training began, (N, C) float32."""
        return self.former_head(feats).float().sigmoid()

    def _classify(
        self,
        head: Any,
        feats: tuple[torch.Tensor, ...],
        target: torch.Tensor,
        known: torch.Tensor,
        unlisted: torch.Tensor | None,
    ) -> torch.Tensor:
        """The loss of a head; those of :mod:`mmnoisy.models.losses` ask what is verified."""
        extra = dict(known=known) if getattr(head.loss_module, 'uses_known', False) else {}
        logits = head(feats).float()
        if unlisted is None:
            return head.loss_module(logits, target, avg_factor=len(target), **extra)
        loss = head.loss_module(logits, target, reduction_override='none')
        return torch.where(unlisted, self.unlisted_weight * loss, loss).sum() / len(target)
