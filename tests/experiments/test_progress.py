"""The time that is left, where systems differ in speed."""

import pytest

from mmnoisy.experiments import progress as module
from mmnoisy.experiments.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 0.0

    monkeypatch.setattr(module.time, 'monotonic', lambda: Clock.now)
    return Clock


def steps(progress, clock, number, seconds):
    for _ in range(number):
        clock.now += seconds
        progress.step()


def test_the_time_left_is_by_the_steps_of_each_system(clock):
    with Progress({'fast': 100, 'slow': 10, 'other': 7}) as progress:
        progress.stage('fast', 0, 'training')
        steps(progress, clock, 50, 1.0)
        assert progress.seconds_left() == pytest.approx(50 + 10 + 7)  # all as fast as this one
        progress.stage('slow', 0, 'training')
        steps(progress, clock, 5, 10.0)
        mean = (50 * 1 + 5 * 10) / 55
        assert progress.seconds_left() == pytest.approx(50 * 1 + 5 * 10 + 7 * mean)
        progress.add('fast', 30)
        assert progress.seconds_left() == pytest.approx(80 * 1 + 5 * 10 + 7 * mean)


def test_the_bar_says_what_is_done_and_what_is_left(clock):
    with Progress({'joint': 300}) as progress:
        progress.stage('joint', 2, 'search 3')
        steps(progress, clock, 150, 1.0)
        assert str(progress._bar).startswith('joint, seed 2, search 3:  50%|')
        assert str(progress._bar).endswith('150/300 steps, 2:30 left')
