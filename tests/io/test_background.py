"""Jobs of a thread: their order, what they raise, and who waits for them."""

from threading import Event

import pytest

from mmnoisy.io.background import BackgroundJobs

PATIENCE = 100  # seconds: what a busy machine may take


def test_the_caller_goes_on_and_jobs_keep_their_order():
    jobs, goes_on, order = BackgroundJobs(), Event(), []
    jobs.start(lambda: order.append(goes_on.wait(PATIENCE)))
    jobs.follow(lambda: order.append('then'))
    jobs.check()
    assert jobs.busy and order == []
    goes_on.set()
    jobs.start(lambda: order.append('waited'))
    jobs.wait()
    assert order == [True, 'then', 'waited']
    assert not jobs.busy


def test_an_error_stops_those_that_follow_and_is_raised_once():
    jobs, order = BackgroundJobs(), []

    def fail():
        raise OSError('full')

    jobs.start(fail)
    jobs.follow(lambda: order.append('never'))
    with pytest.raises(OSError, match='full'):
        jobs.start(lambda: order.append('neither'))
    jobs.start(lambda: order.append('again'))
    jobs.wait()
    assert order == ['again']
