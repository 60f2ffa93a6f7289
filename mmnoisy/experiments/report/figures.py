"""Figure 5, Figure 6, the cleaned labels and the learning curves, drawn."""

from __future__ import annotations

import math
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, NullLocator

from mmnoisy.experiments.report.by_class import Groups
from mmnoisy.experiments.report.methods import Method
from mmnoisy.experiments.report.results import ScoreRow
from mmnoisy.experiments.report.statistics import precision_recall
from mmnoisy.experiments.report.tables import range_text
from mmnoisy.reporting.figures import GREY, new_figure

WIDTH = 9
_LONG = 9  # characters of a label that ten of hardly fit in a row
_LEGEND = 110  # characters in a line of the legend, 7 of them for a handle


class Curves(NamedTuple):
    """A panel of Figure 6."""

    title: str
    pairs: np.ndarray
    """(P,) bool, the verified pairs it is about."""


def draw_gains(
    path: Path, frequency: Groups, quality: Groups, methods: Mapping[str, Method]
) -> None:
    """Figure 5: gain in class AP over the baseline (a) by frequency, (b) by quality.

    Args:
        path: the file; its suffix is the format.
        frequency: gains by machine labels in T.
        quality: gains by annotation quality in [0, 1].
        methods: those to draw.
    """
    with new_figure(path, (WIDTH, 6.4), hspace=0.05) as figure:
        upper, lower = figure.subplots(2, 1)
        _draw_groups(upper, frequency, methods)
        upper.set_title('(a) Class frequency', loc='left')
        upper.set_xlabel('machine labels of the class in T, from rare to common')
        _draw_groups(lower, quality._replace(ends=100 * quality.ends), methods)
        lower.set_title('(b) Annotation quality', loc='left')
        lower.set_xlabel('right machine labels of the class (%), from noisy to clean')
        for axes in (upper, lower):
            axes.set_ylabel('gain in AP over the baseline')
            axes.axhline(0, color=GREY, linewidth=0.9, zorder=1)
        _legend(figure, methods)


def draw_precision_recall(
    path: Path,
    panels: Sequence[Curves],
    scores: Mapping[str, np.ndarray],
    present: np.ndarray,
    methods: Mapping[str, Method],
) -> None:
    """Figure 6: precision-recall curves.

    Args:
        path: the file; its suffix is the format.
        panels: all annotations and categories, each with a positive.
        scores: (P,) by method.
        present: (P,) bool, the verdicts.
        methods: those to draw.
    """
    with _panels(path, len(panels), 3.3) as (figure, grid):
        for axes, panel in zip(grid, panels):
            lowest = 1.0
            for key, method in methods.items():
                recall, precision = precision_recall(scores[key][panel.pairs], present[panel.pairs])
                axes.plot(100 * recall, 100 * precision, **_line(method))
                lowest = min(lowest, precision[recall >= 0.05].min())
            axes.set(xlabel='recall (%)', ylabel='precision (%)', xlim=(0, 100))
            axes.set_ylim(max(0, 100 * lowest - 3), 101)
            axes.set_title(panel.title, loc='left', parse_math=False)
        _legend(figure, methods, markers=False)


def draw_cleaned(path: Path, groups: Groups, methods: Mapping[str, Method]) -> None:
    """Accuracy of the labels by the annotation quality of the class, in [0, 1].

    Args:
        path: the file; its suffix is the format.
        groups: accuracies in percent.
        methods: those to draw, the noisy labels among them.
    """
    with new_figure(path, (WIDTH, 3.7)) as figure:
        axes = figure.subplots()
        _draw_groups(axes, groups._replace(ends=100 * groups.ends), methods)
        axes.set_xlabel('right machine labels of the class (%), from noisy to clean')
        axes.set_ylabel('labels that are right (%)')
        _legend(figure, methods)


def draw_learning_curves(
    path: Path, curve: Mapping[int, Sequence[ScoreRow]], methods: Mapping[str, Method]
) -> None:
    """The scores over the number of verified images, on a logarithmic axis.

    Args:
        path: the file; its suffix is the format.
        curve: Table 2 for each number.
        methods: those to draw.
    """
    scores = [*next(iter(curve.values()))[0].scores]
    with _panels(path, len(scores), 4.0) as (figure, panels):
        for axes, score in zip(panels, scores):
            for place, (key, method) in enumerate(methods.items()):
                points = [
                    (number, row.scores[score])
                    for number, rows in curve.items()
                    for row in rows
                    if row.method.key == key
                ]
                # Shifted a little, so that intervals do not hide one another.
                shift = 1 + 0.02 * (place - (len(methods) - 1) / 2)
                number, values = zip(*points)
                _error_bars(axes, shift * np.array(number), values, method)
            axes.set(xlabel='verified images', ylabel='percent', xscale='log')
            axes.set_title(score, loc='left')
            axes.set_xticks([*curve], [f'{number:,}' for number in curve])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_minor_formatter(NullFormatter())
        _legend(figure, methods)


@contextmanager
def _panels(path: Path, number: int, height: float) -> Iterator[Tuple[Figure, np.ndarray]]:
    """A figure of panels, two in a row, with room for a legend."""
    columns = min(2, number)
    rows = math.ceil(number / columns)
    with new_figure(path, (WIDTH, 0.6 + height * rows), wspace=0.04, hspace=0.05) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in grid[number:]:
            axes.remove()
        yield figure, grid[:number]


def _draw_groups(axes: Axes, groups: Groups, methods: Mapping[str, Method]) -> None:
    for place, method in enumerate(methods.values()):
        shift = (place - (len(methods) - 1) / 2) * 0.7 / max(len(methods), 4)
        x = np.arange(len(groups.ends)) + shift
        _error_bars(axes, x, groups.values[method.key], method, join=False)
    for border in np.arange(len(groups.ends) - 1) + 0.5:
        axes.axvline(border, color='0.9', linewidth=0.6, zorder=0)
    axes.grid(visible=False, axis='x')
    axes.tick_params(axis='x', length=0)
    labels = [range_text(ends) for ends in groups.ends]
    if max(map(len, labels), default=0) > _LONG:
        labels = [label.replace('\u2013', '\u2013\n') for label in labels]
    axes.set_xticks(range(len(groups.ends)), labels)
    axes.set_xlim(-0.55, max(len(groups.ends), 1) - 0.45)
    if not len(groups.ends):
        text = 'known of no class'
        axes.text(0.5, 0.6, text, ha='center', color=GREY, transform=axes.transAxes)
        axes.set_yticks([])


def _error_bars(
    axes: Axes, x: np.ndarray, values: Sequence[Any], method: Method, join: bool = True
) -> None:
    style = {**_line(method, marker=True), **({} if join else {'linestyle': 'none'})}
    mean = [value.mean for value in values]
    half_width = np.nan_to_num([value.half_width for value in values])
    axes.errorbar(x, mean, half_width, **style, elinewidth=1.1)


def _line(method: Method, marker: bool = False) -> Any:
    style = dict(color=method.colour, linestyle=method.line, linewidth=method.width)
    style['zorder'] = 2 + method.width  # what is bold is above the others
    return dict(style, marker=method.marker, markersize=5) if marker else style


def _legend(figure: Figure, methods: Mapping[str, Method], markers: bool = True) -> None:
    """One legend for all panels, below them."""
    handles = [Line2D([], [], **_line(method, markers)) for method in methods.values()]
    names = [method.name for method in methods.values()]
    columns = max(1, min(len(names), _LEGEND // (7 + max(map(len, names)))))
    legend = figure.legend(handles, names, loc='outside lower center', ncols=columns, frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)
