"""What a calibration reaches on verified pairs, in figures."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np

from mmnoisy.apis.calibration_file import Calibration
from mmnoisy.evaluation.calibration import Reliability, reliability


def reliabilities(
    calibration: Calibration, pairs: np.ndarray, lowest: float = 0
) -> Dict[str, Reliability]:
    """Reliability of the scores as they are and of the calibrated ones.

    Args:
        calibration: of the model.
        pairs: (P,) with the fields ``class_id``, ``score`` and ``present``.
        lowest: pairs with a score below are left out.
    """
    pairs = pairs[pairs['score'] >= lowest]
    calibrated = calibration.apply_to(pairs['score'])
    return {
        'uncalibrated': reliability(pairs['score'], pairs['present']),
        'calibrated': reliability(calibrated, pairs['present']),
    }


def figures(calibration: Calibration, pairs: np.ndarray, lowest: float = 0) -> Dict[str, Any]:
    """What is reached on some pairs, as plain numbers; arguments as above, shares in [0, 1].

    ``precision``, ``recall`` and ``f1`` of the labels from the thresholds on, over all pairs;
    ``ece_uncalibrated`` and ``ece_calibrated``; ``reliability``, the bins of the latter.
    """
    given = calibration.apply_to(pairs['score']) >= calibration.thresholds[pairs['class_id']]
    right = int((given & pairs['present']).sum())
    labels, present = int(given.sum()), int(pairs['present'].sum())
    before, after = reliabilities(calibration, pairs, lowest).values()
    return dict(
        pairs=len(pairs),
        precision=right / labels if labels else None,
        recall=right / present if present else None,
        f1=2 * right / (labels + present) if labels + present else None,
        ece_uncalibrated=before.error,
        ece_calibrated=after.error,
        reliability={name: values.tolist() for name, values in after._asdict().items()},
    )


def table(sets: Dict[str, Dict[str, Any]]) -> str:
    """The figures of some sets, a line each, in percent."""
    keys = ('precision', 'recall', 'f1', 'ece_uncalibrated', 'ece_calibrated')
    width = max(map(len, sets))
    lines = [' '.join([' ' * width, *(f'{key:>16}' for key in keys)])]
    for name, values in sets.items():
        shown = ('-' if values[key] is None else f'{100 * values[key]:.2f}' for key in keys)
        lines.append(' '.join([f'{name:<{width}}', *(f'{value:>16}' for value in shown)]))
    return '\n'.join(lines)
