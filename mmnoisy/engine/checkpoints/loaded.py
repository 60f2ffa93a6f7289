"""What becomes of the weights of a checkpoint in the model that loads it."""

from __future__ import annotations

from typing import Any, Dict, Sequence

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from mmnoisy.engine.checkpoints.matching import check_finite, check_weights
from mmnoisy.engine.checkpoints.named import named_checkpoints
from mmnoisy.engine.distributed.unwrap_model import unwrap_model, whole_weights
from mmnoisy.errors import InputError

PREDICT = ('backbone.', 'neck.', 'head.')


def require_predicting(
    model: Any,
    needed: Dict[str, torch.Tensor],
    state: Dict[str, torch.Tensor],
    cfg: Config,
    checkpoint: str,
    also: Sequence[str] = (),
) -> None:
    """Looks whether a checkpoint has the weights that predict.

    A checkpoint of heads that were trained on features brings no backbone; a config on pictures
    gives it the one that it names the weights of.

    Args:
        model: of the config; its backbone may be initialised.
        needed: the weights of the model by name.
        state: those of the checkpoint.
        cfg: with the ``model``.
        checkpoint: its path.
        also: prefixes of further weights that are needed.

    Raises:
        InputError: it lacks some, or they have other shapes or are not finite.
    """
    backbone = cfg.model.get('backbone') or {}
    if not any(key.startswith('backbone.') for key in state) and any(
        path for _, path in named_checkpoints(backbone)
    ):
        if backbone.get('init_cfg'):
            model.backbone.init_weights()
        needed = {key: value for key, value in needed.items() if not key.startswith('backbone.')}
    predict = (*PREDICT, *also)
    needed = {
        key: value
        for key, value in needed.items()
        if key.startswith(predict) and not key.startswith('head.loss_module.')
    }
    check_weights(needed, state, checkpoint)
    parameters = {key for key, _ in model.named_parameters()}
    check_finite({key: state[key] for key in needed}, parameters, checkpoint)


class LoadedWeightsHook(Hook):
    """Refuses to test a model that a checkpoint does not fill; says with what training begins.

    Raises:
        InputError: weights that predict are missing, have other shapes or are not finite; or a
            training would begin from a checkpoint without any weight of the model.
    """

    priority = 'VERY_LOW'  # after those that add to a checkpoint what it need not have

    def after_load_checkpoint(self, runner: Runner, checkpoint: Dict[str, Any]) -> None:
        """Compares the weights of the checkpoint with those of the model."""
        name = str(runner._load_from or 'the checkpoint')
        state = {
            key[7:] if key.startswith('module.') else key: value
            for key, value in checkpoint.get('state_dict', checkpoint).items()
        }
        needed = whole_weights(runner)
        if not isinstance(runner._train_loop, BaseLoop):
            require_predicting(unwrap_model(runner), needed, state, runner.cfg, name)
        elif needed and not runner._resume:
            anew = [key for key, value in needed.items() if not _fits(state.get(key), value)]
            if len(anew) == len(needed):
                raise InputError(
                    f'{name}: holds none of the {len(needed)} weights of the model; give a '
                    'checkpoint of it or of a part of it'
                )
            if anew:
                runner.logger.info(
                    f'{name}: gives {len(needed) - len(anew)} of {len(needed)} weights; the others '
                    f'begin anew, the first is {anew[0]}'
                )


def _fits(value: Any, needed: torch.Tensor) -> bool:
    return isinstance(value, torch.Tensor) and value.shape == needed.shape
