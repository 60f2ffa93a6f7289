"""Chooses learning rates and settings on a part of V that the models are not trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

import numpy as np

from mmnoisy.experiments.recipes import LR_FACTORS, Recipe

HELD_OUT = 1 / 3


class Split(NamedTuple):
    """Rows of V.

    Attributes:
        fit: to train on.
        held: to score on.
    """

    fit: np.ndarray
    held: np.ndarray


def split(verified: np.ndarray, seed: int) -> Split:
    """Cuts rows of V at random; a third, at least one, is held out."""
    order = np.random.default_rng([seed, len(verified)]).permutation(verified)
    num_held = max(1, round(HELD_OUT * len(order)))
    return Split(np.sort(order[num_held:]), np.sort(order[:num_held]))


def search(
    default: Recipe, score: Callable[[Recipe], Dict[str, float]], choices: Sequence[str] = ()
) -> tuple[Recipe, List[Dict[str, Any]]]:
    """Tries the learning rates of a recipe, a third of them and three times them.

    Where there are choices too, they are tried at the recipe's own rates, and then the other rates
    with the best of them.

    Args:
        default: the recipe of the rule.
        score: trains by a recipe on one part of V and gives AP_all and MAP on the other.
        choices: of the system.

    Returns:
        The recipe with the highest mean of AP_all and MAP, the rule's own if equal, and what each
        one scored.
    """
    tried: List[Dict[str, Any]] = []

    def attempt(choice: str, factor: float) -> None:
        recipe = replace(default, choice=choice).at(factor)
        values = score(recipe)
        goodness = (values['AP_all'] + values['MAP']) / 2
        trial = dict(factor=factor, lr=recipe.lr, score=goodness, **values)
        tried.append({'choice': choice, **trial} if choice else trial)

    def best() -> Dict[str, Any]:
        return max(tried, key=lambda trial: trial['score'])

    for choice in choices or [default.choice]:
        attempt(choice, 1.0)
    choice = best().get('choice', '')
    for factor in LR_FACTORS:
        if factor != 1:
            attempt(choice, factor)
    return replace(default, choice=choice).at(best()['factor']), tried


def number_of_trials(choices: Sequence[str]) -> int:
    """How often :func:`search` trains."""
    return max(len(choices), 1) + len(LR_FACTORS) - 1
