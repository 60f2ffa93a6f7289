"""Parameter groups of a model that is partly frozen, or begins partly as a copy of itself."""

from __future__ import annotations

from typing import Any, List, Optional

import torch
from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.utils import digit_version
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

from mmnoisy.models.heads import CleaningHead

# Before, it is for GPUs only.
_FUSED_ON_CPU = digit_version(torch.__version__) >= digit_version('2.4')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class TrainableParametersConstructor(DefaultOptimWrapperConstructor):
    """Parameter groups as in MMEngine, with three differences.

    - Frozen modules are left out, instead of warning about each of their parameters.
    - The layers of a cleaning head that begin as layers of the classifier (``init_from``) learn at
      the rates of these, unless a key of ``custom_keys`` names them.
    - Adam and AdamW are fused, where PyTorch is able to: one pass over the weights does what takes
      others a dozen. ``fused=False`` or ``foreach=True`` of the optimizer says otherwise.

    So ``paramwise_cfg=dict(bias_lr_mult=3, custom_keys=dict(cleaning_head=dict(lr_mult=0.3)))``
    gives the weights of the classifier the rate of the optimizer, its biases three times that,
    and all of the cleaning head but such layers a third.

    Args:
        optim_wrapper_cfg: as in MMEngine.
        paramwise_cfg: as in MMEngine.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: Optional[dict] = None) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        self.optimizer_cfg: dict
        # A ConfigDict would make the groups to be ConfigDicts, slow to read in every step.
        settings = dict(self.optimizer_cfg)
        self.optimizer_cfg = settings
        fusible = settings.get('type') in ('Adam', 'AdamW')
        if fusible and 'foreach' not in settings:
            settings.setdefault('fused', _FUSED_ON_CPU or torch.cuda.is_available())

    def add_params(
        self, params: List[dict], module: nn.Module, prefix: str = '', *args: Any, **kwargs: Any
    ) -> None:
        """Adds the groups of a module, as its base class does, if any of it is trained."""
        if any(parameter.requires_grad for parameter in module.parameters()):
            super().add_params(params, module, prefix, *args, **kwargs)
        if not prefix:
            self._share_rates(params, module)

    def _share_rates(self, params: List[dict], model: nn.Module) -> None:
        """Gives layers the rates of those that they begin as."""
        head = getattr(model, 'cleaning_head', None)
        if not isinstance(head, CleaningHead):
            return
        groups = {id(group['params'][0]): group for group in params}
        for layer, source in head.init_from.items():
            name = f'cleaning_head.{layer}'
            if any(name in key for key in self.paramwise_cfg.get('custom_keys', ())):
                continue
            for part, parameter in model.get_submodule(name).named_parameters():
                begun_as = groups.get(id(model.get_submodule(source).get_parameter(part)))
                group = groups.get(id(parameter))
                if group is not None and begun_as is not None:
                    group.clear()
                    group.update(begun_as, params=[parameter])
