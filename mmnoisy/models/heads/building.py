"""Heads beside a classification head: built with its sizes, begun with its weights."""

from __future__ import annotations

from inspect import signature
from typing import Any, Mapping

from mmpretrain.registry import MODELS
from torch import nn


def build_like(head: nn.Module, settings: dict | None, *sizes: str) -> Any:
    """Another head, which has the sizes of a head where its settings leave them out.

    Args:
        head: the classification head.
        settings: of the other one; None for none.
        sizes: names of the settings that are to be alike, where the other head has them.
    """
    if not settings:
        return None
    kind = MODELS.get(settings['type']) if isinstance(settings['type'], str) else settings['type']
    taken = signature(kind).parameters if kind else {}
    alike = {name: getattr(head, name) for name in sizes if name in taken and hasattr(head, name)}
    return MODELS.build({**alike, **settings})


def begin_layers(state_dict: dict, prefix: str, layers: Mapping[str, str]) -> None:
    """Adds to a checkpoint layers that it lacks, with the weights of other ones.

    Args:
        state_dict: is changed.
        prefix: of the names of all layers in it.
        layers: by their names, the names of those whose weights they begin with.
    """
    for layer, other in layers.items():
        source = f'{prefix}{other}.'
        for key in [key for key in state_dict if key.startswith(source)]:
            state_dict.setdefault(f'{prefix}{layer}.{key[len(source) :]}', state_dict[key])
