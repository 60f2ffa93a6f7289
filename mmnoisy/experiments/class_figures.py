"""How good scores and cleaned labels are, class by class (pure NumPy)."""

from __future__ import annotations

import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from mmnoisy.evaluation.bootstrap import bootstrap_average_precision
from mmnoisy.experiments.decision import THRESHOLD, Pairs, Precision

FEW_VERDICTS = 20
"""Of a class with fewer verified pairs than this, the figures say little."""


class ClassFigures(NamedTuple):
    """Of C classes, (C,) each.

    Attributes:
        AP: in percent, NaN where it is not defined.
        verified: verified pairs.
        present: of these, those present.
        rated: noisy labels with a verdict.
        wrong: of these, those that are wrong.
        removed: of the wrong ones, those that cleaning takes away: errors found.
        right: rated noisy labels that are right after cleaning, kept or taken away.
    """

    AP: np.ndarray
    verified: np.ndarray
    present: np.ndarray
    rated: np.ndarray
    wrong: np.ndarray
    removed: np.ndarray
    right: np.ndarray


def class_figures(
    scores: np.ndarray,
    cleaned: np.ndarray,
    pairs: Pairs,
    num_images: int,
    num_classes: int,
    precision: Precision = bootstrap_average_precision,
) -> ClassFigures:
    """The figures of :func:`mmnoisy.experiments.judgement.judged`, class by class.

    Args:
        scores: (P,) of a classifier.
        cleaned: (P,) cleaned labels, NaN where nothing was cleaned.
        pairs: their verdicts.
        num_images: N.
        num_classes: C.
        precision: what AP is.
    """
    once = np.ones((num_images, 1), np.uint8)
    found = precision(scores, pairs.present, pairs.image, once, pairs.label)[:, 0]
    values = np.full(num_classes, np.nan)
    values[: len(found)] = 100 * found
    kept = np.isnan(cleaned) | (cleaned >= THRESHOLD)

    def count(which: np.ndarray) -> np.ndarray:
        return np.bincount(pairs.label[which], minlength=num_classes)

    return ClassFigures(
        values,
        count(np.ones(len(kept), bool)),
        count(pairs.present),
        count(pairs.noisy),
        count(pairs.noisy & ~pairs.present),
        count(pairs.noisy & ~pairs.present & ~kept),
        count(pairs.noisy & (kept == pairs.present)),
    )


def class_rows(
    names: Sequence[str], on_v: ClassFigures, on_test: Optional[ClassFigures] = None
) -> List[Dict[str, Any]]:
    """A row of a table for each class with a verdict, by name; None for what is unknown.

    Args:
        names: of all classes.
        on_v: cross-fitted.
        on_test: of the model; None where there is no test set.
    """
    rows = []
    for k, name in enumerate(names):
        verified, rated, wrong = (int(a[k]) for a in (on_v.verified, on_v.rated, on_v.wrong))
        row: Dict[str, Any] = dict(
            name=name,
            verified=verified,
            present=int(on_v.present[k]),
            few=verified < FEW_VERDICTS,
            AP=_known(on_v.AP[k]),
            rated=rated,
            before=100 * (rated - wrong) / rated if rated else None,
            after=100 * int(on_v.right[k]) / rated if rated else None,
            wrong=wrong,
            found=int(on_v.removed[k]),
        )
        if on_test is not None:
            row.update(test_verified=int(on_test.verified[k]), test_AP=_known(on_test.AP[k]))
        if verified or row.get('test_verified'):
            rows.append(row)
    return sorted(rows, key=lambda row: (row['name'].casefold(), row['name']))


def _known(value: float) -> Optional[float]:
    return None if math.isnan(value) else float(value)
