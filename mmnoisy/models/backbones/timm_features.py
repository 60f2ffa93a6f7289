"""Any network of timm as a feature extractor."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from mmnoisy.errors import InputError

HUB = ('hf-hub:', 'hf_hub:')


def create_network(name: str, what: str, **kwargs: Any) -> Any:
    """A network of timm, of the Hugging Face Hub, or of a folder that was fetched from there.

    Args:
        name: such as ``resnet18``, ``hf-hub:OWNER/NAME`` or ``local-dir:FOLDER``.
        what: the beginning of a sentence on it: where it was named.
        **kwargs: of ``timm.create_model``.

    Raises:
        InputError: there is no such network, what fetches it is missing, or it cannot be fetched.
    """
    try:
        import timm
    except ImportError as error:
        raise InputError(f'{what}: timm is missing: pip install timm') from error
    if not name.startswith((*HUB, 'local-dir:')):
        if not timm.is_model(name):
            raise InputError(f'{what}: timm has no such network; timm.list_models() names them')
        return timm.create_model(name, **kwargs)
    if name.startswith(HUB) and find_spec('huggingface_hub') is None:
        raise InputError(f'{what}: needs huggingface_hub; pip install huggingface_hub')
    try:
        return timm.create_model(name, **kwargs)
    except Exception as error:  # of the network and of the hub, in many ways
        reason = str(error).strip().split('\n')[0] or type(error).__name__
        raise InputError(
            f'{what}: cannot be fetched ({reason}); check the name and the network, or give a '
            'network of timm with a file of its weights'
        ) from error


@MODELS.register_module()
class TIMMFeatures(BaseModule):
    """A network of `timm <https://huggingface.co/docs/timm>`_, pooled as it does itself.

    Unlike MMPretrain's ``TIMMBackbone`` it gives one row of features for every picture, whatever
    the network: convolutions, tokens or windows.

    Args:
        model_name: of timm, ``hf-hub:OWNER/NAME`` of the Hugging Face Hub, or
            ``local-dir:FOLDER``.
        pretrained: whether timm fetches its weights.
        checkpoint_path: a file with the weights, in place of that.
        **kwargs: of ``timm.create_model``.

    Raises:
        InputError: timm is missing, or knows no such network.
    """

    def __init__(
        self, model_name: str, pretrained: bool = False, checkpoint_path: str = '', **kwargs: Any
    ) -> None:
        super().__init__()
        given = dict(pretrained=pretrained, checkpoint_path=checkpoint_path, **kwargs)
        what = f'model.backbone.model_name={model_name!r}'
        network = create_network(model_name, what, **given)
        network.reset_classifier(0)
        self.timm_model: nn.Module = network

    def init_weights(self) -> None:
        """Keeps those that timm has given."""

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor]:
        """Features ``((N, D),)`` of pictures (N, 3, H, W)."""
        return (self.timm_model(pictures),)
