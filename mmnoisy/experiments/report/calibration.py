"""How far the scores of the systems are from probabilities."""

from __future__ import annotations

from typing import Dict, Mapping

import numpy as np

from mmnoisy.evaluation.calibration import bootstrap_calibration_error, reliability
from mmnoisy.experiments.report.results import BySeed
from mmnoisy.experiments.report.sampling import Sampling
from mmnoisy.experiments.report.statistics import Estimate, estimate
from mmnoisy.experiments.runs import Evaluated


def calibration_errors(
    evaluated: Evaluated, by_method: Mapping[str, BySeed], sampling: Sampling
) -> Dict[str, Estimate]:
    """The expected calibration error on the verified pairs, in percent, by method.

    Methods whose scores are not all in [0, 1] are left out: these are no probabilities.
    """
    found = {}
    for key, by_seed in by_method.items():
        scores = [run.scores.astype(np.float64) for run in by_seed.values()]
        if all(of.min() >= 0 and of.max() <= 1 for of in scores):
            errors = [reliability(of, evaluated.present).error for of in scores]
            pairs = evaluated.present, sampling.image, sampling.counts
            drawn = [bootstrap_calibration_error(of, *pairs) for of in scores]
            found[key] = estimate([100 * error for error in errors], 100 * np.stack(drawn))
    return found
