"""Figure 7: example pictures with the five labels that each system is surest of."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np
from matplotlib.axes import Axes

from mmnoisy.datasets.pictures.thumbnails import encode_jpeg, thumbnail
from mmnoisy.experiments.report.methods import Method
from mmnoisy.experiments.runs import Evaluated, Example, Run
from mmnoisy.reporting.figures import GREY, new_figure
from mmnoisy.reporting.pages import jpeg_uri

RIGHT, WRONG, UNRATED = 'right', 'wrong', 'unrated'
SIGNS = {RIGHT: '\u2713', WRONG: '\u2717', UNRATED: '?'}
COLOURS = {RIGHT: '#00724f', WRONG: '#b03a00', UNRATED: GREY}
THUMBNAIL = 256
"""Pixels of the longer side; smaller pictures stay as they are."""
MOST_DRAWN = 8
_LONGEST = 20


class Prediction(NamedTuple):
    """A label that a system gives to a picture."""

    name: str
    score: float
    verdict: str
    """:data:`RIGHT`, :data:`WRONG` or :data:`UNRATED`."""
    noisy: bool
    """Whether the machine gave it, too."""


class Shown(NamedTuple):
    """An example to look at."""

    image_id: str
    picture: Optional[np.ndarray]
    """(H, W, 3) uint8 in BGR, small; None where there is no picture."""
    top: Dict[str, List[Prediction]]
    """By method, the surest first."""

    def number(self, key: str, verdict: str) -> int:
        """How many of a method's labels are so."""
        return sum(prediction.verdict == verdict for prediction in self.top[key])


def shown_examples(evaluated: Evaluated, runs: Mapping[str, Run]) -> List[Shown]:
    """The examples with the predictions of one run for each method."""
    return [
        Shown(
            example.image_id,
            thumbnail(example.picture, THUMBNAIL),
            {key: _predictions(evaluated, example, run, e) for key, run in runs.items()},
        )
        for e, example in enumerate(evaluated.examples)
    ]


def _predictions(evaluated: Evaluated, example: Example, run: Run, e: int) -> List[Prediction]:
    verdicts = {**dict.fromkeys(example.absent, WRONG), **dict.fromkeys(example.present, RIGHT)}
    return [
        Prediction(
            evaluated.class_names[k],
            float(score),
            verdicts.get(int(k), UNRATED),
            int(k) in example.noisy,
        )
        for k, score in zip(run.top[e], run.top_scores[e])
    ]


def data_uri(picture: np.ndarray) -> str:
    """A picture (H, W, 3) in BGR as the address of its own bytes, for a page."""
    return jpeg_uri(encode_jpeg(picture))


def draw_examples(path: Path, examples: Sequence[Shown], methods: Mapping[str, Method]) -> None:
    """Figure 7.

    Args:
        path: the file; its suffix is the format.
        examples: the first eight are drawn, without a picture by their ids.
        methods: those to draw, up to three.
    """
    examples = examples[:MOST_DRAWN]
    columns = min(2, len(examples))
    rows = math.ceil(len(examples) / columns)
    with new_figure(path, (11, 0.3 + 1.35 * rows), wspace=0.02, hspace=0.08) as figure:
        widths = [1.0, *(1.35 for _ in methods)] * columns
        grid = figure.subplots(rows, len(widths), width_ratios=widths, squeeze=False)
        cells = grid.reshape(rows * columns, -1)
        for axes in grid.ravel():
            axes.axis('off')
        for line, example in zip(cells, examples):
            _draw_picture(line[0], example)
            for axes, (key, method) in zip(line[1:], methods.items()):
                _draw_predictions(axes, example.top[key], method)
        signs = '     '.join(f'{sign} {verdict}' for verdict, sign in SIGNS.items())
        figure.supxlabel(signs, fontsize=8, color=GREY)


def _draw_picture(axes: Axes, example: Shown) -> None:
    if example.picture is None:
        axes.text(0.5, 0.5, example.image_id, ha='center', va='center', fontsize=7, color=GREY)
    else:
        axes.imshow(example.picture[..., ::-1], interpolation='lanczos')
        axes.set_anchor('N')


def _draw_predictions(axes: Axes, top: Sequence[Prediction], method: Method) -> None:
    # Outside the layout, so that all columns are equally wide.
    options: Dict[str, Any] = dict(va='top', fontsize=8, parse_math=False, in_layout=False)
    options['transform'] = axes.transAxes
    axes.text(0, 1, _shortened(method.name), **options, weight='bold')
    for place, prediction in enumerate(top):
        text = f'{SIGNS[prediction.verdict]} {_shortened(prediction.name)}'
        height = 0.83 - 0.17 * place
        axes.text(0, height, text, **options, color=COLOURS[prediction.verdict])


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else f'{name[: _LONGEST - 1]}\u2026'
