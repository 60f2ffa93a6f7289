"""Figure 4 of the paper: how often classes are given, and how often rightly."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter, MaxNLocator, StrMethodFormatter

from mmnoisy.reporting.figures import COLOUR, GREY, new_figure


def draw_figure(
    path: Path, names: Sequence[str], machine: np.ndarray, quality: np.ndarray, correct: float
) -> None:
    """Writes Figure 4 as a picture.

    Classes without a machine label, or without a rated one, are left out of a panel; its axis
    says how many are shown.

    Args:
        path: the file; its suffix is the format.
        names: (C) of the classes.
        machine: (C,) machine labels.
        quality: (C,) share of the rated machine labels that are correct, NaN where none is rated.
        correct: that share over all classes; NaN if no label is rated.
    """
    with new_figure(path, (9, 3.4), wspace=0.06) as figure:
        left, right = figure.subplots(1, 2)
        _draw_frequencies(left, names, machine)
        _draw_quality(right, quality, correct)


def _draw_frequencies(axes: Axes, names: Sequence[str], machine: np.ndarray) -> None:
    order = np.argsort(-machine, kind='stable')
    order = order[machine[order] > 0]
    axes.set(title='(a) Class frequencies', ylabel='machine labels per class', yscale='log')
    axes.margins(y=0.12)
    _draw_ranked(axes, machine[order], len(machine), 'frequency')
    axes.yaxis.set_major_formatter(StrMethodFormatter('{x:,.0f}'))
    axes.yaxis.set_minor_formatter(LogFormatter())
    if len(order) > 1:
        most, least = machine[order[[0, -1]]]
        _note(axes, f'{names[order[0]]}: {most:,}', (1, most), (6, 3), 'left')
        _note(axes, f'{names[order[-1]]}: {least:,}', (len(order), least), (2, -13), 'right')


def _draw_quality(axes: Axes, quality: np.ndarray, correct: float) -> None:
    known = quality[~np.isnan(quality)]
    axes.set(title='(b) Annotation quality', ylabel='correct labels (% of the rated)')
    axes.set_ylim(-4, 104)
    _draw_ranked(axes, 100 * np.sort(known)[::-1], len(quality), 'quality')
    if len(known):
        axes.axhline(100 * correct, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        text = f'all classes together: {100 * correct:.1f} %'
        offset = (0, 5 if correct < 0.9 else -12)
        _note(axes, text, (len(quality), 100 * correct), offset, 'right')


def _draw_ranked(axes: Axes, values: np.ndarray, num_classes: int, key: str) -> None:
    rank = np.arange(1, len(values) + 1)
    marker = 'o' if len(values) < 30 else ''
    axes.plot(rank, values, color=COLOUR, linewidth=1.6, marker=marker, markersize=4)
    axes.set_xlim(1 - 0.03 * num_classes, 1.03 * num_classes)
    shown = f'{len(values):,} classes'
    if len(values) < num_classes:
        shown = f'{len(values):,} of {num_classes:,} classes'
    axes.set_xlabel(f'class, ordered by {key} ({shown})')
    axes.xaxis.set_major_locator(MaxNLocator('auto', integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter('{x:,.0f}'))


def _note(
    axes: Axes, text: str, point: Tuple[float, float], offset: Tuple[float, float], side: str
) -> None:
    axes.annotate(
        text,
        point,
        xytext=offset,
        textcoords='offset points',
        ha=side,
        color=GREY,
        bbox=dict(facecolor='white', edgecolor='none', pad=1),
        parse_math=False,
    )
