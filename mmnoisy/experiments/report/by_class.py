"""Results class by class: Table 3, Figure 5, the accuracy of cleaned labels."""

from __future__ import annotations

import math
from typing import Dict, List, Mapping, NamedTuple, Sequence

import numpy as np

from mmnoisy.datasets.statistics.counts import OTHERS
from mmnoisy.evaluation.average_precision import average_precision
from mmnoisy.experiments.report.methods import BASELINE
from mmnoisy.experiments.report.results import BySeed
from mmnoisy.experiments.report.statistics import (
    Estimate,
    accuracy_by_class,
    equal_groups,
    estimate,
    group_means,
)
from mmnoisy.experiments.runs import Evaluated, Run

Precisions = Mapping[str, Mapping[int, np.ndarray]]
"""AP of the classes, (C,) in percent, NaN without a positive; by method and seed."""
NUM_GROUPS = 10
NOISY = 'noisy'
"""Stands for the machine's labels where a method is named."""
THRESHOLD = 0.5
"""Of a cleaned label, from which on it says present."""


class CategoryRow(NamedTuple):
    """A row of Table 3."""

    category: str
    num_classes: int
    """Classes that have a verified positive."""
    members: np.ndarray
    """Ids of all classes."""
    MAP: Dict[str, Estimate]
    """By method, in percent; the mean is NaN where no class has a positive."""


class Groups(NamedTuple):
    """A value of some methods in each of G groups of classes."""

    ends: np.ndarray
    """(G, 2) smallest and largest of what the classes are ordered by."""
    values: Dict[str, List[Estimate]]
    """G estimates by method, in percent."""


class CleanedLabels(NamedTuple):
    """How many of the labels on the rated pairs are right."""

    overall: Dict[str, Estimate]
    """In percent by method; the noisy labels are :data:`NOISY`."""
    groups: Groups
    """The same by the annotation quality of the class."""


def class_precisions(evaluated: Evaluated, by_method: Mapping[str, BySeed]) -> Precisions:
    """The AP of the classes for every run."""
    num_classes = len(evaluated.class_names)

    def of(run: Run) -> np.ndarray:
        found = average_precision(run.scores, evaluated.present, evaluated.class_id)
        return 100 * np.append(found, np.full(num_classes - len(found), np.nan))

    return {
        key: {seed: of(run) for seed, run in by_seed.items()} for key, by_seed in by_method.items()
    }


def category_rows(evaluated: Evaluated, precisions: Precisions) -> List[CategoryRow]:
    """Table 3, the categories with most classes first and 'others' last."""
    members: Dict[str, List[int]] = {}
    for k, categories in enumerate(evaluated.class_categories):
        for category in dict.fromkeys(categories or [OTHERS]):
            members.setdefault(category, []).append(k)
    has_positive = np.zeros(len(evaluated.class_names), bool)
    has_positive[evaluated.class_id[evaluated.present]] = True
    rows = []
    for category, ids in members.items():
        group = np.array(ids)
        MAP = {
            key: estimate([group_means(ap, [group])[0] for ap in by_seed.values()])
            for key, by_seed in precisions.items()
        }
        rows.append(CategoryRow(category, int(has_positive[group].sum()), group, MAP))
    rows.sort(key=lambda row: (row.category == OTHERS, -row.num_classes, row.category))
    return rows


def gains_by_group(order_by: np.ndarray, precisions: Precisions) -> Groups:
    """Figure 5: the gain over the baseline in class AP, within equally large groups of classes.

    Args:
        order_by: (C,) frequency or annotation quality; NaN leaves a class out.
        precisions: AP of the classes by method and seed; seeds without a baseline are left out.
    """
    baseline = precisions.get(BASELINE, {})
    any_run = next(iter(next(iter(precisions.values())).values()))
    groups = equal_groups(np.where(np.isnan(any_run), np.nan, order_by), NUM_GROUPS)
    values = {}
    for key, by_seed in precisions.items():
        seeds = sorted({*by_seed} & {*baseline})
        if key != BASELINE and seeds:
            gains = [group_means(by_seed[seed] - baseline[seed], groups) for seed in seeds]
            values[key] = [estimate(column) for column in np.transpose(gains)]
    return Groups(_ends(order_by, groups), values)


def cleaned_accuracy(evaluated: Evaluated, by_method: Mapping[str, BySeed]) -> CleanedLabels:
    """Compares cleaned labels, present from 0.5 on, and noisy ones with the verdicts."""
    groups = equal_groups(_rated_quality(evaluated), NUM_GROUPS)
    everything = [np.arange(len(evaluated.class_names))]

    def accuracy(label: np.ndarray, groups: Sequence[np.ndarray]) -> List[float]:
        counts = accuracy_by_class(
            label, evaluated.present, evaluated.class_id, len(evaluated.class_names)
        )
        sums = [counts[group].sum(0) for group in groups]
        return [100 * right / pairs if pairs else math.nan for right, pairs in sums]

    labels = {
        key: [run.cleaned >= THRESHOLD for run in by_seed.values() if run.cleaned is not None]
        for key, by_seed in by_method.items()
    }
    labels = {NOISY: [evaluated.noisy], **{key: found for key, found in labels.items() if found}}

    def estimates(groups: Sequence[np.ndarray]) -> Dict[str, List[Estimate]]:
        return {
            key: [estimate(column) for column in zip(*(accuracy(label, groups) for label in found))]
            for key, found in labels.items()
        }

    overall = {key: values[0] for key, values in estimates(everything).items()}
    return CleanedLabels(overall, Groups(_ends(evaluated.quality, groups), estimates(groups)))


def _rated_quality(evaluated: Evaluated) -> np.ndarray:
    """Annotation quality of the classes that have a rated pair, NaN for the others."""
    quality = np.full(len(evaluated.class_names), np.nan)
    quality[evaluated.class_id] = evaluated.quality[evaluated.class_id]
    return quality


def _ends(order_by: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([[order_by[group[0]], order_by[group[-1]]] for group in groups]).reshape(-1, 2)
