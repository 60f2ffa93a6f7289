import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from mmnoisy.experiments.failures import (
    Failures,
    best_interval,
    daly_interval,
    expected_time,
    simulate,
    young_interval,
)


def test_without_failures_only_checkpoints_cost():
    never = Failures(mtbf=1e15, restart=100, cost=2)
    assert expected_time(1000, 100, never) == pytest.approx(1020)
    assert simulate(np.random.default_rng(0), 1000, 100, never, 2) == (1020, 0)
    assert simulate(np.random.default_rng(0), 950, 100, never, 2) == (970, 0)


def test_a_case_by_hand():
    """One interval of ln 2 without costs: half of the attempts fail, so there are two.

    Until a failure that comes before ln 2 it takes 1 - ln 2 on average, which is lost once.
    """
    failures = Failures(mtbf=1, restart=0, cost=0)
    assert expected_time(np.log(2), np.log(2), failures) == pytest.approx(np.log(2) + 1 - np.log(2))


CASES = [
    (Failures(86_400, 48, 1.5), 600),
    (Failures(3000, 120, 30), 300),
    (Failures(200, 100, 20), 100),
    (Failures(400, 48, 0), 380),
]


@pytest.mark.parametrize(('failures', 'interval'), CASES)
def test_the_simulation_is_within_its_error_of_the_exact_solution(failures, interval):
    work = 20 * interval
    mean, error = simulate(np.random.default_rng(0), work, interval, failures, 4000)
    assert abs(mean - expected_time(work, interval, failures)) < 3 * error


def test_who_is_warned_loses_no_work():
    rng = np.random.default_rng(0)
    assert simulate(rng, 1000, 100, Failures(50, 0, 0, warned=1), 20)[0] == pytest.approx(1000)
    some, many = (Failures(300, 10, 5, warned=share) for share in (0.2, 0.9))
    assert simulate(rng, 1000, 100, many, 500)[0] < simulate(rng, 1000, 100, some, 500)[0]


@given(st.floats(10, 1e6), st.floats(1e-4, 1), st.floats(0, 100))
def test_the_best_interval_is_that_of_a_search(mtbf, share, restart):
    failures = Failures(mtbf, restart, share * mtbf)
    best = best_interval(failures)

    def time(interval):
        return expected_time(1e3, interval, failures._replace(restart=0)) / 1e3

    found = minimize_scalar(time, bounds=(best / 100, best * 100), method='bounded')
    assert time(best) <= found.fun * (1 + 1e-9)
    # Daly's estimate loses less than 0.2 % of the time, as his paper says.
    assert time(daly_interval(failures)) < 1.002 * time(best)


def test_young_and_daly_come_close_where_checkpoints_are_cheap():
    failures = Failures(86_400, 48, 1.5)
    assert young_interval(failures) == pytest.approx(np.sqrt(2 * 1.5 * 86_400))
    assert best_interval(failures) == pytest.approx(young_interval(failures), rel=0.01)
    assert best_interval(failures) == pytest.approx(daly_interval(failures), rel=1e-4)
    assert daly_interval(Failures(10, 0, 30)) == 10
