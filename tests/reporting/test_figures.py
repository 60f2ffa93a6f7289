"""Labels of axes that do not overlap."""

from mmnoisy.reporting.figures import new_figure


def shown(axis):
    return [tick.label1 for tick in axis.get_major_ticks() if tick.label1.get_visible()]


def test_of_labels_that_overlap_the_first_stays(tmp_path):
    with new_figure(tmp_path / 'a.png', (4, 4)) as figure:
        close, wide = figure.subplots(2, 1)
        close.set_xticks([0, 1, 2, 50, 100, 900], ['100,000', '100,001', '3', 'half', 'all', 'out'])
        wide.set_xticks([0, 50, 100], ['0', '50', '100'])
        close.set_xlim(0, 100)
        wide.set_xlim(100, 0)
    assert [label.get_text() for label in shown(close.xaxis)] == ['100,000', 'half', 'all', 'out']
    assert [label.get_text() for label in shown(wide.xaxis)] == ['0', '50', '100']
    for axis in (close.xaxis, close.yaxis, wide.xaxis, wide.yaxis):
        boxes = [label.get_window_extent() for label in shown(axis)]
        assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
