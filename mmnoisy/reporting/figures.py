"""The style of all figures."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Tuple

from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

STYLE = {
    'font.size': 9,
    'axes.titlesize': 10,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.axisbelow': True,
    'axes.grid': True,
    'grid.color': '0.9',
    'grid.linewidth': 0.6,
}
COLOUR = '#1f5a94'
GREY = '0.35'
DPI = 200


@contextmanager
def new_figure(path: Any, size: Tuple[float, float], **spacing: Any) -> Iterator[Figure]:
    """Gives an empty figure in the common style; it is saved when the block succeeds.

    Of labels of an axis that would overlap, the first one stays. Matplotlib's global state is left
    as it is.

    Args:
        path: the file; its suffix is the format.
        size: width and height in inches; the fonts are set for a width of 9.
        **spacing: of :class:`matplotlib.layout_engine.ConstrainedLayoutEngine`.
    """
    with style.context(['default', STYLE]):
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(**spacing))
        FigureCanvasAgg(figure)
        yield figure
        _thin_labels(figure)
        figure.savefig(path, dpi=DPI)


def _thin_labels(figure: Figure) -> None:
    figure.draw_without_rendering()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        shown = None
        for tick in axis.get_major_ticks():
            if tick.label1.get_visible() and low <= tick.get_loc() <= high:
                box = tick.label1.get_window_extent()
                if shown is not None and shown.overlaps(box):
                    tick.label1.set_visible(False)
                else:
                    shown = box
