"""The reliability diagram: how often labels of a given score are right."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import numpy as np

from mmnoisy.evaluation.calibration import Reliability
from mmnoisy.io.atomic import atomic_write
from mmnoisy.reporting.figures import COLOUR, GREY, new_figure


def draw_reliability(path: Path, panels: Dict[str, Reliability]) -> None:
    """Writes a panel for each of some reliabilities as a PNG.

    Raises:
        InputError: the disk is full.
    """
    size = (3.4 * len(panels), 3.4)
    with atomic_write(path, 'wb') as file, new_figure(file, size) as figure:
        for axes, (title, bins) in zip(
            np.atleast_1d(figure.subplots(1, len(panels))), panels.items()
        ):
            axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
            area = 4 + 120 * bins.pairs / bins.pairs.max()
            axes.plot(bins.predicted, bins.observed, color=COLOUR, linewidth=1)
            axes.scatter(bins.predicted, bins.observed, area, COLOUR, alpha=0.6, linewidths=0)
            axes.set(title=f'{title}: ECE {100 * bins.error:.1f} %', xlim=(0, 1), ylim=(0, 1))
            axes.set(xlabel='score', ylabel='share of verified pairs that are present')
