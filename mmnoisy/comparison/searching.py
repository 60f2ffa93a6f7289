"""Chooses learning rates on a part of V that the models are not trained on."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple

import numpy as np

from mmnoisy.comparison.recipes import LR_FACTORS, Recipe

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
    default: Recipe, score: Callable[[Recipe], Dict[str, float]]
) -> tuple[Recipe, List[Dict[str, Any]]]:
    """Tries the learning rates of a recipe, a third of them and three times them.

    Args:
        default: the recipe of the rule.
        score: trains by a recipe on one part of V and gives AP_all and MAP on the other.

    Returns:
        The recipe with the highest mean of AP_all and MAP, the rule's own if equal, and what each
        one scored.
    """
    tried = []
    for factor in LR_FACTORS:
        values = score(default.at(factor))
        goodness = (values['AP_all'] + values['MAP']) / 2
        tried.append(dict(factor=factor, lr=default.at(factor).lr, score=goodness, **values))
    best = max(tried, key=lambda trial: trial['score'])
    return default.at(best['factor']), tried
