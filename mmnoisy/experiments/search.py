"""Chooses learning rates and settings on a part of V that the models are not trained on."""

from __future__ import annotations

from math import inf
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence

import numpy as np

from mmnoisy.errors import InputError

HELD_OUT = 1 / 3
STEP = 3.0  # from one factor of the rates to the next
BEYOND = 2  # so many more where the best is the smallest or the largest that was tried


class Recipe(NamedTuple):
    """What a search decides.

    Attributes:
        factor: of the learning rates of the weights.
        choice: of the ``choices`` of the system; empty: the config's own.
    """

    factor: float = 1.0
    choice: str = ''

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Recipe:
        """The recipe that a file gives.

        Raises:
            InputError: a value cannot be used.
            TypeError: a name is none of the two.
        """
        recipe = cls(**values)
        if not isinstance(recipe.factor, (int, float)) or not 0 < recipe.factor < inf:
            raise InputError(f'factor={recipe.factor!r}: give a positive number')
        return recipe


class Split(NamedTuple):
    """Images of V.

    Attributes:
        fit: to train on.
        held: to score on.
    """

    fit: np.ndarray
    held: np.ndarray


class Found(NamedTuple):
    """The end of a search.

    Attributes:
        recipe: the best one.
        tried: what each one scored.
        at_edge: the best rates are still the smallest or largest that were tried.
    """

    recipe: Recipe
    tried: List[Dict[str, Any]]
    at_edge: bool


def split(verified: np.ndarray, seed: int) -> Split:
    """Cuts images of V at random; a third, at least one, is held out."""
    order = np.random.default_rng([seed, len(verified)]).permutation(verified)
    num_held = max(1, round(HELD_OUT * len(order)))
    return Split(np.sort(order[num_held:]), np.sort(order[:num_held]))


def search(
    score: Callable[[Recipe], Dict[str, float]],
    measures: Sequence[str],
    choices: Sequence[str] = (),
) -> Found:
    """Tries the config's learning rates, a third of them and three times them, and goes on.

    Where there are choices, they are tried at the config's own rates, and then the other rates
    with the best of them. As long as the best rates are at the edge of those tried, the next
    ones beyond are tried too, twice at most.

    Args:
        score: trains by a recipe on one part of V and gives the metrics on the other.
        measures: the metrics whose mean decides; the first recipe of the highest is taken.
        choices: of the system.
    """
    tried: List[Dict[str, Any]] = []

    def attempt(power: int, choice: str) -> None:
        recipe = Recipe(STEP**power, choice)
        metrics = score(recipe)
        values = {key: metrics[key] for key in measures}
        mean = sum(values.values()) / len(values)
        tried.append(dict(recipe._asdict(), power=power, score=mean, **values))

    def best() -> Dict[str, Any]:
        return max(tried, key=lambda trial: trial['score'])

    for choice in choices or ['']:
        attempt(0, choice)
    choice = best()['choice']
    powers = [-1, 0, 1]
    for power in (-1, 1):
        attempt(power, choice)

    def at_edge() -> bool:
        return best()['power'] in (powers[0], powers[-1])

    while at_edge() and len(powers) < 3 + BEYOND:
        upwards = best()['power'] == powers[-1]
        powers = [*powers, powers[-1] + 1] if upwards else [powers[0] - 1, *powers]
        attempt(powers[-1] if upwards else powers[0], choice)
    recipe = Recipe(best()['factor'], best()['choice'])
    return Found(recipe, [{k: v for k, v in t.items() if k != 'power'} for t in tried], at_edge())


def number_of_trials(choices: Sequence[str]) -> int:
    """How often :func:`search` trains at least."""
    return max(len(choices), 1) + 2
