"""A classifier of which parts stand still: frozen backbones, in 16 bits where that is fast."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Iterator, TypeVar

import torch
from mmpretrain.models.classifiers import ImageClassifier
from torch import nn

from mmnoisy.errors import InputError

FEATURE_DTYPES = (None, 'bfloat16', 'float16')
# Those for which PyTorch has fast kernels; on others it emulates 16 bits, a hundred times slower.
HALF_PRECISION_CPUS = ('AVX512', 'SVE256')

Self = TypeVar('Self', bound='PartlyFrozenClassifier')


def computes_in_half(device: torch.device) -> bool:
    """Whether a device is fast in 16 bits."""
    return device.type != 'cpu' or torch.backends.cpu.get_cpu_capability() in HALF_PRECISION_CPUS


class PartlyFrozenClassifier(ImageClassifier):
    """MMPretrain's image classifier, with a backbone that may be frozen.

    Args:
        freeze_backbone: the backbone gets no gradient, and its batch norm and dropout stay in
            evaluation mode.
        feature_dtype: of a frozen backbone, where the device has instructions for it; a CPU that
            has none stays with float32.
        **kwargs: of :class:`mmpretrain.models.ImageClassifier`. Options that act on ``gt_label``,
            such as mixup, have nothing to act on.

    Raises:
        InputError: an invalid choice, or an option that cannot act.
    """

    backbone: Any  # nn.Module gives its children no types
    neck: Any
    head: Any

    def __init__(
        self, freeze_backbone: bool = False, feature_dtype: str | None = None, **kwargs: Any
    ) -> None:
        if kwargs.get('pretrained') is not None and kwargs.get('init_cfg') is not None:
            raise InputError(
                f'model.pretrained={kwargs["pretrained"]!r}: takes the place of model.init_cfg; '
                'leave one of them out'
            )
        super().__init__(**kwargs)
        if feature_dtype not in FEATURE_DTYPES:
            raise InputError(f'model.feature_dtype={feature_dtype!r}: give one of {FEATURE_DTYPES}')
        if feature_dtype is not None and not freeze_backbone:
            raise InputError(
                f'model.feature_dtype={feature_dtype!r}: is for a frozen backbone; '
                'set model.freeze_backbone=True, or train with --amp'
            )
        for option in ('batch_augments', 'to_onehot'):
            if getattr(self.data_preprocessor, option, None):
                raise InputError(
                    f'model.data_preprocessor.{option} (model.train_cfg.augments): acts on '
                    'gt_label, and the labels here are sparse fields of their own; leave it out'
                )
        self.freeze_backbone = freeze_backbone
        self.feature_dtype = getattr(torch, feature_dtype) if feature_dtype else None
        if freeze_backbone:
            self.backbone.to(memory_format=torch.channels_last)

    def frozen(self) -> Iterator[nn.Module]:
        """What gets no gradient, and no chance from dropout."""
        if self.freeze_backbone:
            yield self.backbone

    def freeze(self) -> None:
        """Takes the gradients from what stands still; a subclass calls it when all is built."""
        for module in self.frozen():
            module.requires_grad_(False)

    def train(self: Self, mode: bool = True) -> Self:
        """Sets training mode, but for what stands still."""
        super().train(mode)
        for module in self.frozen():
            module.eval()
        return self

    def extract_feat(self, inputs: torch.Tensor, stage: str = 'neck') -> Any:
        """As in :class:`mmpretrain.models.ImageClassifier`, but a tuple also of one tensor.

        A frozen backbone keeps no graph.
        """
        precision = (
            torch.autocast(inputs.device.type, self.feature_dtype)
            if self.feature_dtype and computes_in_half(inputs.device)
            else nullcontext()
        )
        if self.freeze_backbone:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        learns = torch.is_grad_enabled() and not self.freeze_backbone
        with precision, torch.set_grad_enabled(learns):
            feats = _tuple(self.backbone(inputs))
        if self.freeze_backbone:
            feats = tuple(feat.float() for feat in feats)
        if stage != 'backbone' and self.with_neck:
            feats = _tuple(self.neck(feats))
        return self.head.pre_logits(feats) if stage == 'pre_logits' else feats


def _tuple(feats: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return (feats,) if isinstance(feats, torch.Tensor) else feats
