import pytest

from mmnoisy.io import progress as module
from mmnoisy.io.progress import progress


@pytest.fixture
def clock(monkeypatch):
    """The time that bars see, to be moved by hand."""
    now = [1000.0]
    monkeypatch.setattr(module._Lines, '_time', staticmethod(lambda: now[0]), raising=False)
    monkeypatch.setattr('tqdm.std.time', lambda: now[0])
    monkeypatch.setattr('tqdm.std.TMonitor', lambda *_: None, raising=False)
    return now


def test_a_line_a_minute_in_a_log(clock, capsys):
    with progress('cleaning T', total=200, unit='images') as bar:
        for _ in range(100):
            clock[0] += 2
            bar.update(2)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(' images')[0] for line in lines] == [
        *(f'cleaning T: {n}/200' for n in (60, 120, 180)),
        'cleaning T: 200/200',
    ]
    assert '[01:00<02:20' in lines[0]


def test_another_description_is_for_the_next_line(clock, capsys):
    with progress('cross-fitting', total=120, unit='steps') as bar:
        for fold in (1, 2):
            bar.set_description(f'cross-fitting, fold {fold}')
            clock[0] += 60
            bar.update(60)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(' steps')[0] for line in lines][:2] == [
        'cross-fitting, fold 1: 60/120',
        'cross-fitting, fold 2: 120/120',
    ]


def test_what_is_short_shows_nothing_in_a_log(clock, capsys):
    assert [*progress('reading', iter('abc'), unit='rows')] == ['a', 'b', 'c']
    clock[0] += 59
    with progress('reading', total=3, wanted=False) as bar:
        clock[0] += 1000
        bar.update(3)
    assert capsys.readouterr() == ('', '')


def test_a_bar_in_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr('sys.stderr.isatty', lambda: True, raising=False)
    assert [*progress('best, seed 2', range(3), unit='folds')] == [0, 1, 2]
    shown = capsys.readouterr().err
    assert 'best, seed 2: 100%' in shown
    assert '3/3' in shown
