"""Whether a checkpoint is one of the model and of the optimizer that are to go on from it."""

from __future__ import annotations

from typing import Any, Container, Dict, List, Mapping, Optional

import torch
from mmengine.optim import OptimWrapper

from mmnoisy.errors import InputError
from mmnoisy.wording import counted

_MEND = 'give the config that the checkpoint was trained with'


def check_weights(
    needed: Dict[str, torch.Tensor], state: Dict[str, torch.Tensor], checkpoint: str
) -> None:
    """Looks whether a checkpoint has all weights that are needed, in the right shapes.

    Raises:
        InputError: it has not.
    """
    missing = sorted({*needed} - {*state})
    if missing:
        others = f' and {counted(len(missing) - 1, "other weight")}' if missing[1:] else ''
        raise InputError(f'{checkpoint}: lacks {missing[0]}{others} of the model; {_MEND}')
    for key, value in needed.items():
        if state[key].shape != value.shape:
            raise InputError(
                f'{checkpoint}: {key} is {list(state[key].shape)}, and {list(value.shape)} in the '
                f'config, so that the class lists differ or the models do; {_MEND}'
            )


def check_finite(
    state: Mapping[str, torch.Tensor], parameters: Container[str], checkpoint: str
) -> None:
    """Looks whether weights are numbers, since the scores of others mean nothing.

    Args:
        state: the weights by name.
        parameters: names of those that are trained; others may be infinite, as masks are.
        checkpoint: where they are from.

    Raises:
        InputError: they are not, as after a training that has diverged.
    """
    broken = [
        key
        for key, value in sorted(state.items())
        if torch.isnan(value).any() or (key in parameters and torch.isinf(value).any())
    ]
    if broken:
        others = f' and {counted(len(broken) - 1, "other weight")}' if broken[1:] else ''
        raise InputError(
            f'{checkpoint}: has numbers that are not finite in {broken[0]}{others}; give an '
            'earlier checkpoint, and check the learning rate that it was made with'
        )


def check_optimizer(
    wrapper: OptimWrapper, state: Optional[Dict[str, Any]], checkpoint: str
) -> None:
    """Looks whether a checkpoint has the state of an optimizer like this one.

    Raises:
        InputError: it has none, or one of another kind or for other parameters.
    """
    if state is None:
        raise InputError(
            f'{checkpoint}: holds no state of an optimizer to go on with; resume from another '
            'checkpoint, or begin a new run from its weights with --cfg-options load_from='
        )
    ours, theirs = _settings(wrapper.optimizer.state_dict()), _settings(state)
    if ours != theirs:
        raise InputError(
            f'{checkpoint}: the optimizer was another one, or had other parameters '
            f'({_describe(theirs)}; in the config {_describe(ours)}); {_MEND}'
        )


def _settings(state: Dict[str, Any]) -> List[tuple]:
    """Number of parameters and names of settings of each group."""
    schedule = {'initial_lr', 'params'}
    return [
        (len(group['params']), tuple(sorted({*group} - schedule)))
        for group in state['param_groups']
    ]


def _describe(settings: List[tuple]) -> str:
    parameters = sum(number for number, _ in settings)
    names = sorted({name for _, group in settings for name in group})
    return f'{parameters} in {len(settings)} groups with {", ".join(names)}'
