import cv2
import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from mmnoisy.reporting.dataset_figure import draw_figure

NAMES = ['a', 'b', '$honda nsx', 'd']
MACHINE = np.array([40, 90_000, 3, 0])
QUALITY = np.array([0.5, np.nan, 0.9, np.nan])


@pytest.fixture
def figure(monkeypatch):
    drawn = []
    monkeypatch.setattr(Figure, 'savefig', lambda self, path, **_: drawn.append(self))
    draw_figure('unused.png', NAMES, MACHINE, QUALITY, 0.7)
    return drawn[0]


def test_classes_are_ordered_and_unknown_ones_left_out(figure):
    left, right = figure.axes
    assert left.get_yscale() == 'log'
    assert left.lines[0].get_ydata().tolist() == [90_000, 40, 3]
    assert right.lines[0].get_ydata().tolist() == [90, 50]
    assert set(right.lines[1].get_ydata()) == {70}
    assert left.get_xlabel() == 'class, ordered by frequency (3 of 4 classes)'
    assert [text.get_text() for text in left.texts] == ['b: 90,000', '$honda nsx: 3']


@pytest.mark.parametrize(
    ('machine', 'quality', 'correct'),
    [
        (MACHINE, QUALITY, 0.7),
        (np.array([0, 5, 0, 0]), np.full(4, np.nan), np.nan),
        (np.zeros(4, int), np.full(4, np.nan), np.nan),
    ],
)
def test_the_picture(tmp_path, machine, quality, correct):
    settings = dict(matplotlib.rcParams)
    draw_figure(tmp_path / 'figure.png', NAMES, machine, quality, correct)
    picture = cv2.imread(str(tmp_path / 'figure.png'))
    assert picture.shape == (680, 1800, 3)
    # The curve is the only blue in it.
    blue = (picture[..., 0].astype(int) - picture[..., 2] > 60).any()
    assert blue == machine.any()
    assert dict(matplotlib.rcParams) == settings
