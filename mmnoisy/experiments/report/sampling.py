"""What the runs would score on other test images, for the intervals of a report."""

from __future__ import annotations

from typing import Dict, Hashable, List, Mapping, Tuple

import numpy as np

from mmnoisy.evaluation.bootstrap import (
    REPLICATES,
    bootstrap_average_precision,
    bootstrap_sums,
    image_counts,
)
from mmnoisy.experiments.runs import Evaluated, Run

SCORES = ('AP_all', 'MAP')
"""What the scores of the pairs tell; a report knows of other metrics only what the runs say."""
EMPTY_AS_ZERO = 'empty_classes_zero'
"""The rule by which a class without a positive has AP 0."""
Replicates = Mapping[Hashable, np.ndarray]
"""(B,) in percent, by what was measured."""


class Sampling:
    """Bootstraps runs over the test images, the same images for all runs, so that they are paired.

    Args:
        evaluated: what the runs are tested on.
        groups: class ids by the name of a group; each of these has a MAP.
        replicates: B.
    """

    def __init__(
        self,
        evaluated: Evaluated,
        groups: Mapping[Hashable, np.ndarray],
        replicates: int = REPLICATES,
    ) -> None:
        self.evaluated = evaluated
        images, self.image = np.unique(evaluated.image, return_inverse=True)
        self.counts = image_counts(len(images), replicates)
        every_class = np.arange(len(evaluated.class_names))
        self.groups = {'MAP': every_class, **groups}
        self._known: Dict[Tuple[str, int, bytes], Replicates] = {}

    def __call__(self, run: Run) -> Replicates:
        """``AP_all``, ``MAP`` and the MAP of every group in every replicate.

        As in the metric, a class leaves the mean of a replicate that drew no positive of it. By
        pairs of :data:`EMPTY_AS_ZERO` and a score, the same under that rule.
        """
        key = run.method, run.seed, run.scores.tobytes()
        if key not in self._known:
            pairs = run.scores, self.evaluated.present, self.image, self.counts
            by_class = bootstrap_average_precision(*pairs, self.evaluated.class_id)
            AP_all = 100 * bootstrap_average_precision(*pairs)[0]
            of_all_classes = np.nansum(by_class, axis=0) / len(self.evaluated.class_names)
            self._known[key] = {
                'AP_all': AP_all,
                (EMPTY_AS_ZERO, 'AP_all'): AP_all,
                (EMPTY_AS_ZERO, 'MAP'): 100 * of_all_classes,
                **{name: 100 * _means(by_class, group) for name, group in self.groups.items()},
            }
        return self._known[key]

    def shares(self, hit: np.ndarray, groups: List[np.ndarray]) -> np.ndarray:
        """Percent of the pairs of some groups of classes that are hit, (G, B).

        Args:
            hit: (P,) bool.
            groups: the class ids of each of G.
        """
        place = np.full(len(self.evaluated.class_names), -1)
        for number, group in enumerate(groups):
            place[group] = number
        group_of = place[self.evaluated.class_id]
        some = group_of >= 0
        where = self.image[some], self.counts, group_of[some], len(groups)
        hits, pairs = (bootstrap_sums(v[some], *where) for v in (hit, np.ones(len(hit))))
        return 100 * np.divide(hits, pairs, out=np.full_like(hits, np.nan), where=pairs > 0)


def _means(by_class: np.ndarray, group: np.ndarray) -> np.ndarray:
    values = by_class[group[group < len(by_class)]]
    count = (~np.isnan(values)).sum(0)
    summed = np.nansum(values, axis=0)
    return np.divide(summed, count, out=np.full(len(summed), np.nan), where=count > 0)
