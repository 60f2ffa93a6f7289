"""Results class by class: Table 3, Figure 5, the accuracy of cleaned labels."""

from __future__ import annotations

import math
from typing import Dict, Hashable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmnoisy.datasets.statistics.counts import OTHERS
from mmnoisy.evaluation.average_precision import average_precision
from mmnoisy.experiments.report.methods import BASELINE
from mmnoisy.experiments.report.results import BySeed
from mmnoisy.experiments.report.sampling import Replicates, Sampling
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
FEW_PAIRS = 20
"""Fewer verified pairs than this are few: the AP of such a class says little."""
Resampled = Mapping[str, Mapping[int, Replicates]]
"""By method and seed, see :class:`Sampling`."""


class CategoryRow(NamedTuple):
    """A row of Table 3."""

    category: str
    num_classes: int
    """Classes that have a verified positive."""
    num_few: int
    """Of these, the classes with few verified pairs, see :data:`FEW_PAIRS`."""
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
    sizes: List[Tuple[int, int]]
    """G numbers of classes, and of those with few verified pairs, see :data:`FEW_PAIRS`."""


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


def class_groups(evaluated: Evaluated) -> Dict[Hashable, np.ndarray]:
    """The classes of every group that a report shows: categories, ten by frequency and quality."""
    groups: Dict[Hashable, np.ndarray] = {
        ('category', category): ids for category, ids in _members(evaluated).items()
    }
    for name, order_by in (('frequency', evaluated.frequency), ('quality', evaluated.quality)):
        of_value = equal_groups(_where_positive(evaluated, order_by), NUM_GROUPS)
        groups.update(((name, place), ids) for place, ids in enumerate(of_value))
    return groups


def category_rows(
    evaluated: Evaluated, precisions: Precisions, resampled: Optional[Resampled] = None
) -> List[CategoryRow]:
    """Table 3, the categories with most classes first and 'others' last."""
    has_positive = ~np.isnan(_where_positive(evaluated, np.zeros(len(evaluated.class_names))))
    few = has_positive & _few(evaluated)
    rows = []
    for category, group in _members(evaluated).items():
        MAP = {
            key: estimate(
                [group_means(ap, [group])[0] for ap in by_seed.values()],
                _stacked(resampled, key, [*by_seed], ('category', category)),
            )
            for key, by_seed in precisions.items()
        }
        counts = int(has_positive[group].sum()), int(few[group].sum())
        rows.append(CategoryRow(category, *counts, group, MAP))
    rows.sort(key=lambda row: (row.category == OTHERS, -row.num_classes, row.category))
    return rows


def gains_by_group(
    evaluated: Evaluated,
    name: str,
    precisions: Precisions,
    resampled: Optional[Resampled] = None,
) -> Groups:
    """Figure 5: the gain over the baseline in class AP, within equally large groups of classes.

    Args:
        evaluated: the classes.
        name: what they are ordered by, ``'frequency'`` or ``'quality'``.
        precisions: AP of the classes by method and seed; seeds without a baseline are left out.
        resampled: the same on other test images, for the intervals.
    """
    baseline = precisions.get(BASELINE, {})
    order_by = getattr(evaluated, name).astype(float)
    groups = equal_groups(_where_positive(evaluated, order_by), NUM_GROUPS)
    values = {}
    for key, by_seed in precisions.items():
        seeds = sorted({*by_seed} & {*baseline})
        if key != BASELINE and seeds:
            gains = [group_means(by_seed[seed] - baseline[seed], groups) for seed in seeds]
            values[key] = [
                estimate(column, _difference(resampled, key, seeds, (name, place)))
                for place, column in enumerate(np.transpose(gains))
            ]
    return Groups(_ends(order_by, groups), values, _sizes(evaluated, groups))


def cleaned_accuracy(
    evaluated: Evaluated,
    by_method: Mapping[str, BySeed],
    sampling: Optional[Sampling] = None,
) -> CleanedLabels:
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

    def of_labels(found: Sequence[np.ndarray], groups: List[np.ndarray]) -> List[Estimate]:
        columns = np.transpose([accuracy(label, groups) for label in found])
        if sampling is None:
            return [estimate(column) for column in columns]
        replicates = [sampling.shares(label == evaluated.present, groups) for label in found]
        return [estimate(*both) for both in zip(columns, np.stack(replicates, 1))]

    def estimates(groups: List[np.ndarray]) -> Dict[str, List[Estimate]]:
        return {key: of_labels(found, groups) for key, found in labels.items()}

    overall = {key: values[0] for key, values in estimates(everything).items()}
    ends, sizes = _ends(evaluated.quality, groups), _sizes(evaluated, groups)
    return CleanedLabels(overall, Groups(ends, estimates(groups), sizes))


def _members(evaluated: Evaluated) -> Dict[str, np.ndarray]:
    """The class ids of every category."""
    members: Dict[str, List[int]] = {}
    for k, categories in enumerate(evaluated.class_categories):
        for category in dict.fromkeys(categories or [OTHERS]):
            members.setdefault(category, []).append(k)
    return {category: np.array(ids) for category, ids in members.items()}


def _where_positive(evaluated: Evaluated, values: np.ndarray) -> np.ndarray:
    """(C,) the values of the classes with a verified positive, NaN for the others."""
    found = np.full(len(evaluated.class_names), np.nan)
    positive = np.unique(evaluated.class_id[evaluated.present])
    found[positive] = values[positive]
    return found


def _stacked(
    resampled: Optional[Resampled], key: str, seeds: Sequence[int], name: Hashable
) -> Optional[np.ndarray]:
    """(S, B) the replicates of some seeds."""
    return None if resampled is None else np.stack([resampled[key][s][name] for s in seeds])


def _difference(
    resampled: Optional[Resampled], key: str, seeds: Sequence[int], name: Hashable
) -> Optional[np.ndarray]:
    """The same, of the difference to the baseline."""
    of_key, of_baseline = (_stacked(resampled, of, seeds, name) for of in (key, BASELINE))
    return None if of_key is None or of_baseline is None else of_key - of_baseline


def _rated_quality(evaluated: Evaluated) -> np.ndarray:
    """Annotation quality of the classes that have a rated pair, NaN for the others."""
    quality = np.full(len(evaluated.class_names), np.nan)
    quality[evaluated.class_id] = evaluated.quality[evaluated.class_id]
    return quality


def _few(evaluated: Evaluated) -> np.ndarray:
    """(C,) whether a class has few verified pairs."""
    return np.bincount(evaluated.class_id, minlength=len(evaluated.class_names)) < FEW_PAIRS


def _sizes(evaluated: Evaluated, groups: Sequence[np.ndarray]) -> List[Tuple[int, int]]:
    few = _few(evaluated)
    return [(len(group), int(few[group].sum())) for group in groups]


def _ends(order_by: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([[order_by[group[0]], order_by[group[-1]]] for group in groups]).reshape(-1, 2)
