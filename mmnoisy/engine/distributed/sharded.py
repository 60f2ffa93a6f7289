"""Backbones that one GPU cannot hold: weights, gradients and optimizer in shards (FSDP)."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

import torch
from mmengine._strategy import FSDPStrategy
from mmengine.dist import is_main_process
from mmengine.optim import BaseOptimWrapper
from mmengine.registry import STRATEGIES
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_path


@STRATEGIES.register_module()
class ShardedStrategy(FSDPStrategy):
    """MMEngine's strategy for PyTorch's FSDP, on CPUs too, with whole checkpoints that resume.

    Of every layer, and of all that is in none, each process keeps a part, and gathers the others
    while it computes that layer. Checkpoints hold the whole model and the whole state of the
    optimizer, like those of a run without shards: another number of processes can go on from them,
    and so can one alone.

    Args:
        layers: names of the classes of modules that become units.
        model_wrapper: settings of MMEngine's ``MMFullyShardedDataParallel``.
        **kwargs: of MMEngine's ``FSDPStrategy``.
    """

    def __init__(
        self, layers: Sequence[str], model_wrapper: Optional[dict] = None, **kwargs: Any
    ) -> None:
        self.layers = tuple(layers)
        wrapper: Dict[str, Any] = {**(model_wrapper or {}), 'auto_wrap_policy': self._is_unit}
        if not torch.cuda.is_available():  # otherwise it is the GPU of the process
            wrapper['device_id'] = torch.device('cpu')
        super().__init__(model_wrapper=wrapper, state_dict_cfg='full', **kwargs)

    def _is_unit(self, module: nn.Module, recurse: bool, nonwrapped_numel: int) -> bool:
        return recurse or type(module).__name__ in self.layers

    def build_optim_wrapper(
        self, optim_wrapper: Any, model: Optional[nn.Module] = None
    ) -> BaseOptimWrapper:
        """Builds what steps.

        Raises:
            InputError: a setting is not meant for shards.
        """
        for name in ('clip_grad', 'accumulative_counts'):
            value = optim_wrapper.get(name) if isinstance(optim_wrapper, dict) else None
            if value not in (None, 1):
                raise InputError(
                    f'optim_wrapper.{name}={value}: gradients are in shards, of which each process '
                    'knows its own alone; leave it out'
                )
        return super().build_optim_wrapper(optim_wrapper, model)

    def save_checkpoint(self, filename: str, **kwargs: Any) -> None:
        """Saves a checkpoint that is whole, or not there; all processes have to call.

        Raises:
            InputError: the disk is full, or the file cannot be made there.
        """
        writes = atomic_path(Path(filename), durable=True) if is_main_process() else nullcontext('')
        with writes as path:
            super().save_checkpoint(str(path), **kwargs)

    def optim_state_dict(self) -> Dict[str, Any]:
        """The whole state of the optimizer, on the main process."""
        return FullyShardedDataParallel.optim_state_dict(self.model, self.optim_wrapper.optimizer)

    def load_optim_state_dict(self, state_dict: Dict[str, Any]) -> None:
        """Takes the shard of this process out of the whole state of an optimizer."""
        optimizer = self.optim_wrapper.optimizer
        # By keyword: PyTorch 2.1 changed the order.
        state = FullyShardedDataParallel.optim_state_dict_to_load(
            model=self.model, optim=optimizer, optim_state_dict=state_dict
        )
        optimizer.load_state_dict(state)
