"""Scores that mean probabilities: temperature, isotonic regression, and how far off they are.

Both maps are of all classes together: of most classes there are too few verdicts for one each.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import numpy as np
import torch

from mmnoisy.errors import InputError
from mmnoisy.evaluation.bootstrap import bootstrap_sums

LIMIT = 1e-5
"""Scores nearer to 0 and 1 than this count as this, since float32 tells them no further."""
MIN_STEP = 1e-4
"""From knot to knot, since a steeper line would magnify the rounding of scores."""


def temper(score: torch.Tensor, temperature: float) -> torch.Tensor:
    """Scores with their log-odds divided by a temperature; any shape.

    `On Calibration of Modern Neural Networks <https://arxiv.org/abs/1706.04599>`_, section 4.2.
    """
    score = score.clamp(LIMIT, 1 - LIMIT)
    return torch.sigmoid((score / (1 - score)).log() / temperature)


def interpolate(
    score: torch.Tensor, knots: torch.Tensor, probability: torch.Tensor
) -> torch.Tensor:
    """Piecewise linear map of scores of any shape; constant beyond the first and last knot.

    Args:
        score: in [0, 1].
        knots: (K,) ascending scores, at least two.
        probability: (K,) values at the knots.
    """
    score = score.clamp(float(knots[0]), float(knots[-1]))
    # In place of a search, which ONNX does not have.
    left = (score[..., None] >= knots[1:-1]).sum(-1)
    slope = probability.diff() / knots.diff()
    return probability[left] + slope[left] * (score - knots[left])


def fit_temperature(score: np.ndarray, present: np.ndarray) -> float:
    """The temperature of the lowest cross-entropy, between 0.01 and 100.

    Args:
        score: (P,) of verified pairs, in [0, 1].
        present: (P,) bool, their verdicts.
    """
    optimize = _scientific('scipy.optimize')
    clipped = np.clip(score.astype(np.float64), LIMIT, 1 - LIMIT)
    margin = np.where(present, 1, -1) * np.log(clipped / (1 - clipped))

    def cross_entropy(log_temperature: float) -> float:
        return float(np.logaddexp(0, -margin / np.exp(log_temperature)).mean())

    bounds = np.log([0.01, 100])
    found = optimize.minimize_scalar(cross_entropy, bounds=bounds, options=dict(xatol=1e-9))
    return float(np.exp(found.x))


def fit_isotonic(score: np.ndarray, present: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Knots of the centred isotonic regression of verdicts on scores.

    Isotonic regression is a staircase; a line through the mean score of each step keeps different
    scores different (`Oron and Flournoy 2017 <https://arxiv.org/abs/1701.05964>`_).

    Args:
        score: (P,) of verified pairs, in [0, 1].
        present: (P,) bool, their verdicts.

    Returns:
        Scores and probabilities, both (K,) and ascending, for :func:`interpolate`.

    Raises:
        InputError: higher scores are nowhere more probable.
    """
    regression = _scientific('sklearn.isotonic').IsotonicRegression()
    fitted = regression.fit_transform(score.astype(np.float64), present)
    # What differs by rounding alone is one step.
    probability, step = np.unique(fitted.round(9), return_inverse=True)
    knots = np.bincount(step, score) / np.bincount(step)
    apart = np.append(True, np.diff(knots) >= MIN_STEP)
    if apart.sum() < 2:
        raise InputError(
            'the verdicts do not rise with the scores, so isotonic regression has nothing to fit; '
            'check that the checkpoint was trained, or take --method none'
        )
    knots, probability = knots[apart], probability[apart]
    if probability[0] == 0 or knots[0] < MIN_STEP:
        return np.append(0, knots[1:]), probability
    return np.append(0, knots), np.append(0, probability)


class Reliability(NamedTuple):
    """What was predicted and what was so, in bins of equal width; empty ones are left out.

    Attributes:
        pairs: (B,) how many in each.
        predicted: (B,) mean predicted probability.
        observed: (B,) share of the pairs that are present.
    """

    pairs: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray

    @property
    def error(self) -> float:
        """The expected calibration error (ECE), the mean distance over the pairs, in [0, 1]."""
        return float(np.average(np.abs(self.predicted - self.observed), weights=self.pairs))


def reliability(probability: np.ndarray, present: np.ndarray, bins: int = 15) -> Reliability:
    """Compares predicted probabilities (P,) with verdicts (P,) bool."""
    place = _bin(probability, bins)
    count, predicted, observed = (
        np.bincount(place, weights, bins) for weights in (None, probability, present)
    )
    some = count > 0
    return Reliability(count[some], predicted[some] / count[some], observed[some] / count[some])


def bootstrap_calibration_error(
    probability: np.ndarray,
    present: np.ndarray,
    image: np.ndarray,
    counts: np.ndarray,
    bins: int = 15,
) -> np.ndarray:
    """The expected calibration error in every replicate of a bootstrap over images, (B,).

    Args:
        probability: (P,) predicted.
        present: (P,) bool, the verdicts.
        image: (P,) rows of ``counts``.
        counts: (N, B) how often each image was drawn.
        bins: of equal width.
    """
    place = _bin(probability, bins)
    pairs, predicted, observed = (
        bootstrap_sums(values, image, counts, place, bins)
        for values in (np.ones(len(probability)), probability, present)
    )
    with np.errstate(invalid='ignore'):
        return np.abs(predicted - observed).sum(0) / pairs.sum(0)


def _bin(probability: np.ndarray, bins: int) -> np.ndarray:
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


def _scientific(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise InputError(
            f"{name.split('.')[0]} is not installed; run pip install 'mmnoisy[review]'"
        ) from None
