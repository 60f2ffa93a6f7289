"""Which of several methods a few verdicts speak for, and how surely (pure NumPy).

Every method is scored on the same verified pairs and on the same draws of their images, so that
differences are paired. Of those that are within noise of the best, the simplest is taken: the
one-standard-error rule of `Breiman et al., Classification and Regression Trees, 3.4.3
<https://doi.org/10.1201/9781315139470>`_, with the standard error of the difference.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from mmnoisy.evaluation.bootstrap import (
    REPLICATES,
    bootstrap_average_precision,
    bootstrap_sums,
    image_counts,
)

Interval = Tuple[float, float, float]
"""Value, and the two ends of its 95 % interval."""
Precision = Callable[..., np.ndarray]
"""What AP is: ``bootstrap_average_precision``, of the images there are, or
``leave_one_out_average_precision``, of images like them."""
_QUANTILE = 1.959964
THRESHOLD = 0.5
"""A label is kept from this cleaned value on."""


class Pairs(NamedTuple):
    """The verified pairs of N images, image by image.

    Attributes:
        image: (P,) rows of the images.
        label: (P,) classes.
        present: (P,) bool, the verdicts.
        noisy: (P,) bool, the pair is a noisy label.
    """

    image: np.ndarray
    label: np.ndarray
    present: np.ndarray
    noisy: np.ndarray

    def of_images(self, images: np.ndarray) -> np.ndarray:
        """(P,) bool, the pairs of some images."""
        return np.isin(self.image, images)

    def where(self, some: np.ndarray) -> Pairs:
        """Some of the pairs, (P,) bool."""
        return Pairs(*(array[some] for array in self))


def draws(num_images: int, replicates: int = REPLICATES) -> np.ndarray:
    """(N, 1 + B) how often each image counts: once, and then as the bootstrap draws it."""
    ones = np.ones((num_images, 1), np.uint8)
    return np.concatenate([ones, image_counts(num_images, replicates)], axis=1)


class Scored(NamedTuple):
    """What a method scores, (1 + B,) each, in percent: on the images, and on each draw of them.

    Attributes:
        AP_all: over all pairs.
        MAP: the mean over the classes that have a positive.
    """

    AP_all: np.ndarray
    MAP: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """The mean of the two, which decides."""
        return (self.AP_all + self.MAP) / 2


def scored(
    score: np.ndarray,
    pairs: Pairs,
    counts: np.ndarray,
    precision: Precision = bootstrap_average_precision,
) -> Scored:
    """AP_all and MAP of scores (P,) of pairs; ``counts`` (N, 1 + B) as of :func:`draws`."""
    order = score, pairs.present, pairs.image, counts
    by_class = precision(*order, pairs.label)
    return Scored(100 * precision(*order)[0], 100 * _means(by_class))


def scored_by_part(score: np.ndarray, pairs: Pairs, counts: np.ndarray, part: np.ndarray) -> Scored:
    """The mean over parts of the images, each of which was scored by a model of its own.

    Scores of different models are not compared: what one is surer of in general than another says
    nothing of either.

    Args:
        score: (P,) of pairs of N images; NaN in parts that are not scored.
        pairs: the same.
        counts: (N, 1 + B), see :func:`draws`.
        part: (N,) the part of each image.
    """
    known = ~np.isnan(score)
    of_pair = part[pairs.image]
    return averaged(
        [
            scored(score[here], pairs.where(here), counts)
            for here in (known & (of_pair == k) for k in np.unique(of_pair[known]))
        ]
    )


def averaged(found: Sequence[Scored]) -> Scored:
    """The mean, draw by draw, without those where nothing present was drawn."""
    return Scored(*(_means(np.stack(arrays)) for arrays in zip(*found)))


def _means(values: np.ndarray) -> np.ndarray:
    """The mean of each column; NaN where there is nothing else in it."""
    number, total = (~np.isnan(values)).sum(0), np.nansum(values, axis=0)
    return np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)


def share_right(right: np.ndarray, pairs: Pairs, counts: np.ndarray) -> np.ndarray:
    """Percent of the noisy labels that are right, (1 + B,); NaN where none is rated.

    Args:
        right: (P,) numbers, 1 for a right label, of all pairs.
        pairs: of N images.
        counts: (N, 1 + B), see :func:`draws`.
    """
    image = pairs.image[pairs.noisy]
    hits = bootstrap_sums(right[pairs.noisy], image, counts)[0]
    rated = bootstrap_sums(np.ones(len(image)), image, counts)[0]
    return 100 * np.divide(hits, rated, out=np.full(len(hits), np.nan), where=rated > 0)


def interval(values: np.ndarray) -> Interval:
    """The value (1 + B,) on the images with the interval of its draws."""
    drawn = values[1:][~np.isnan(values[1:])]
    # Not the quantiles of the draws, whose AP is higher for the pairs that they have twice.
    half = _QUANTILE * float(np.std(drawn)) if len(drawn) else np.nan
    return float(values[0]), float(values[0]) - half, float(values[0]) + half


class Decision(NamedTuple):
    """What was decided.

    Attributes:
        chosen: the simplest method that is within noise of the best.
        best: the method that scores best.
        behind: of every method, how far it is behind the best.
    """

    chosen: str
    best: str
    behind: Dict[str, Interval]


def decide(values: Mapping[str, np.ndarray]) -> Decision:
    """The simplest method that is at most one standard error of the difference behind the best.

    Args:
        values: (1 + B,) by method, the simplest first; higher is better.
    """
    best = max(values, key=lambda name: values[name][0])
    gaps = {name: values[best] - of_name for name, of_name in values.items()}
    within = [name for name, gap in gaps.items() if gap[0] <= np.nanstd(gap[1:])]
    return Decision(within[0], best, {name: interval(gap) for name, gap in gaps.items()})


def surely_behind(values: Mapping[str, np.ndarray]) -> List[str]:
    """The methods whose difference to the best has an interval without 0."""
    behind = decide(values).behind
    return [name for name, (_, low, _) in behind.items() if low > 0]
