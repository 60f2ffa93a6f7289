"""What ``auto`` expected of its choices on V, and what they came to on test."""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Sequence

import numpy as np

from mmnoisy.experiments.decision import THRESHOLD, Interval
from mmnoisy.experiments.runs import AutoRun, Evaluated, Run
from mmnoisy.reporting.tables import markdown_table

FIGURES = {'AP_all': 'AP_all', 'MAP': 'MAP', 'right': 'labels right'}
"""What is compared, by key, in words."""


class Expected(NamedTuple):
    """A figure of one choice.

    Attributes:
        on_v: cross-fitted on V, with the interval that it was given there.
        test: on test.
    """

    on_v: Interval
    test: float

    @property
    def covers(self) -> bool:
        """Whether the interval has the figure of test; where there is none it promises nothing."""
        _, low, high = self.on_v
        return np.isnan(low) or low <= self.test <= high


def expected(one: AutoRun, evaluated: Evaluated) -> Dict[str, Expected]:
    """The figures of one choice, by key of :data:`FIGURES`."""
    on_v = {'AP_all': one.on_v['AP_all'], 'MAP': one.on_v['MAP'], 'right': one.on_v['after']}
    test = {**one.run.metrics, 'right': labels_right(one.run, evaluated)}
    return {key: Expected(on_v[key], test[key]) for key in FIGURES}


def labels_right(run: Run, evaluated: Evaluated) -> float:
    """Percent of the rated noisy labels of test that are right after cleaning; NaN without any.

    A system that cleans nothing keeps them as they are.
    """
    some = evaluated.noisy
    if not some.any():
        return np.nan
    kept = np.ones(len(some), bool) if run.cleaned is None else run.cleaned >= THRESHOLD
    return 100 * float(np.mean(kept[some] == evaluated.present[some]))


def choices_table(found: Sequence[AutoRun], evaluated: Evaluated) -> str:
    """A row for each choice: what was chosen, what was expected on V, what it is on test."""
    header = ['seed', 'verified', 'chosen']
    header += [f'{name} {where}' for name in FIGURES.values() for where in ('on V', 'on test')]
    rows: List[List[str]] = []
    for one in found:
        figures: Mapping[str, Expected] = expected(one, evaluated)
        cells = [cell for figure in figures.values() for cell in _cells(figure)]
        rows.append([str(one.run.seed), f'{one.run.verified:,}', one.method, *cells])
    return markdown_table(header, rows) + '\n'


def _cells(figure: Expected) -> List[str]:
    value, low, high = figure.on_v
    return [f'{value:.2f} ({low:.2f} to {high:.2f})', f'{figure.test:.2f}']
