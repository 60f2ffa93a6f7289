"""The reliability diagram: how often labels of a given score are right."""

from __future__ import annotations

import math
from typing import Any, Mapping

from mmnoisy.evaluation.calibration import Reliability
from mmnoisy.reporting.figures import COLOUR, GREY, new_figure

COLUMNS = 3
TICKS = (0, 0.25, 0.5, 0.75, 1)


def draw_reliability(path: Any, panels: Mapping[str, Reliability]) -> None:
    """Draws a panel for each of some reliabilities, by title.

    Args:
        path: the file, or what takes the bytes of a PNG.
        panels: at least one.
    """
    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    with new_figure(path, (3 * columns, 3 * rows), wspace=0.06, hspace=0.04) as figure:
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for place, (axes, (title, bins)) in enumerate(zip(grid.ravel(), panels.items())):
            axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
            points, area = bins[1:], 4 + 120 * bins.pairs / bins.pairs.max()
            axes.plot(*points, color=COLOUR, linewidth=1)
            axes.scatter(*points, area, COLOUR, alpha=0.6, linewidths=0, clip_on=False)
            axes.set_title(f'{title}: ECE {100 * bins.error:.1f} %', parse_math=False)
            axes.set(xlim=(0, 1), ylim=(0, 1), xticks=TICKS, yticks=TICKS)
            axes.tick_params(labelbottom=place + columns >= len(panels))
        for axes in grid.ravel()[len(panels) :]:
            axes.remove()
        figure.supxlabel('score', fontsize='medium')
        figure.supylabel('share of verified pairs that are present', fontsize='medium')
