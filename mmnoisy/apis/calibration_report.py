"""What a calibration reaches on verified pairs, in figures."""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional

import numpy as np

from mmnoisy.apis.calibration_file import Calibration
from mmnoisy.cleaning.cross_fit import fold_of_images
from mmnoisy.errors import InputError
from mmnoisy.evaluation.bootstrap import bootstrap_sums, image_counts
from mmnoisy.evaluation.calibration import (
    Reliability,
    bootstrap_calibration_error,
    reliability,
)

PARTS = 5
"""Of the images of V, where what was chosen on them is judged by them."""
KEYS = ('precision', 'recall', 'f1', 'ece_uncalibrated', 'ece_calibrated')


class Applied(NamedTuple):
    """What a calibration says of P pairs.

    Attributes:
        probability: (P,) of being present.
        given: (P,) bool, whether the label is given, from its threshold on.
    """

    probability: np.ndarray
    given: np.ndarray


def applied(calibration: Calibration, pairs: np.ndarray) -> Applied:
    """What a calibration says of pairs (P,) with the fields ``class_id`` and ``score``."""
    probability = calibration.apply_to(pairs['score'])
    return Applied(probability, probability >= calibration.thresholds[pairs['class_id']])


def cross_applied(choose: Callable[[np.ndarray], Calibration], pairs: np.ndarray) -> Applied:
    """What calibrations say that were chosen on other images, in ``PARTS`` parts.

    On the pairs that it was chosen on a calibration looks better than it is.

    Args:
        choose: gives the calibration that suits some pairs.
        pairs: (P,) with the field ``image`` too.

    Raises:
        InputError: some of them are too few to choose by, or there is one image alone.
    """
    images, image = np.unique(pairs['image'], return_inverse=True)
    if len(images) < 2:
        raise InputError('one image cannot be parted; give an index with more verdicts')
    parts = min(PARTS, len(images))
    part = fold_of_images(len(images), parts)[image]
    found = Applied(np.empty(len(pairs), np.float32), np.empty(len(pairs), bool))
    for k in range(parts):
        own = applied(choose(pairs[part != k]), pairs[part == k])
        found.probability[part == k], found.given[part == k] = own
    return found


def reliabilities(pairs: np.ndarray, said: Applied, lowest: float = 0) -> Dict[str, Reliability]:
    """Reliability of the scores as they are and of the calibrated ones.

    Args:
        pairs: (P,) with the fields ``score`` and ``present``.
        said: of them.
        lowest: pairs with a score below are left out.
    """
    kept = pairs['score'] >= lowest
    pairs = pairs[kept]
    return {
        'uncalibrated': reliability(pairs['score'], pairs['present']),
        'calibrated': reliability(said.probability[kept], pairs['present']),
    }


def figures(pairs: np.ndarray, said: Applied, lowest: float = 0) -> Dict[str, Any]:
    """What is reached on some pairs, as plain numbers; arguments as above, shares in [0, 1].

    ``precision``, ``recall`` and ``f1`` of the labels from the thresholds on, over all pairs;
    ``ece_uncalibrated`` and ``ece_calibrated``; ``reliability``, the bins of the latter.
    """
    right = int((said.given & pairs['present']).sum())
    labels, present = int(said.given.sum()), int(pairs['present'].sum())
    before, after = reliabilities(pairs, said, lowest).values()
    return dict(
        pairs=len(pairs),
        precision=right / labels if labels else None,
        recall=right / present if present else None,
        f1=2 * right / (labels + present) if labels + present else None,
        ece_uncalibrated=before.error,
        ece_calibrated=after.error,
        half_width=half_widths(pairs, said, lowest),
        reliability={name: values.tolist() for name, values in after._asdict().items()},
    )


def half_widths(pairs: np.ndarray, said: Applied, lowest: float = 0) -> Dict[str, Any]:
    """Half of the 95 % interval of each of the figures, by the bootstrap over images.

    What is said is given. Arguments as above, ``pairs`` with the field ``image`` too; None where a
    figure is not defined in most replicates.
    """
    images, image = np.unique(pairs['image'], return_inverse=True)
    counts = image_counts(len(images))
    present, given = pairs['present'], said.given
    right, labels, positive = (
        bootstrap_sums(values, image, counts)[0] for values in (given & present, given, present)
    )
    kept = pairs['score'] >= lowest
    ece = [
        bootstrap_calibration_error(scores[kept], present[kept], image[kept], counts)
        for scores in (pairs['score'], said.probability)
    ]
    with np.errstate(invalid='ignore', divide='ignore'):
        values = [right / labels, right / positive, 2 * right / (labels + positive), *ece]
    return {key: _half_width(of) for key, of in zip(KEYS, values)}


def _half_width(values: np.ndarray) -> Optional[float]:
    known = values[np.isfinite(values)]
    return 1.96 * float(known.std(ddof=1)) if 2 * len(known) > len(values) else None


def table(sets: Dict[str, Dict[str, Any]]) -> str:
    """The figures of some sets, a line each, in percent, ± half of the 95 % interval."""
    width = max(map(len, sets))
    lines = [' '.join([' ' * width, *(f'{key:>16}' for key in KEYS)])]
    for name, values in sets.items():
        shown = (_percent(values[key], values['half_width'][key]) for key in KEYS)
        lines.append(' '.join([f'{name:<{width}}', *(f'{value:>16}' for value in shown)]))
    return '\n'.join(lines)


def _percent(value: Optional[float], half_width: Optional[float]) -> str:
    if value is None:
        return '-'
    interval = '' if half_width is None else f' ± {100 * half_width:.2f}'
    return f'{100 * value:.2f}{interval}'
