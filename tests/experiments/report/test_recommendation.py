"""Which system is recommended, against a slow version."""

import numpy as np
import pytest
from scipy import stats
from synthetic_runs import evaluated_set, runs_of

from mmnoisy.experiments.report.methods import MOST_DRAWN, drawn, methods_of
from mmnoisy.experiments.report.recommendation import recommend
from mmnoisy.experiments.report.results import runs_at, score_rows
from mmnoisy.experiments.report.sampling import Sampling

EVALUATED = evaluated_set(100, 12)
KEYS = ('baseline', 'finetune_clean', 'joint', 'mine', 'bound_truth')
RUNS = runs_of(EVALUATED, KEYS)


def of(method):
    return [np.mean([r.metrics['AP_all'], r.metrics['MAP']]) for r in RUNS if r.method == method]


def test_the_best_mean_that_is_no_bound_and_its_paired_lead():
    by_method = runs_at(RUNS, 2500)
    rows = score_rows(by_method, methods_of(by_method))
    first, second = sorted(KEYS[:-1], key=lambda key: -np.mean(of(key)))[:2]
    found = recommend(rows)
    assert (found.method.key, found.runner_up.key) == (first, second)
    assert found.mean == pytest.approx(np.mean(of(first)))
    low, high = stats.ttest_rel(of(first), of(second)).confidence_interval(0.95)
    assert found.ahead == pytest.approx(((low + high) / 2, (high - low) / 2, 3))
    assert found.is_sure == (low > 0)
    sampling = Sampling(EVALUATED, {})
    wider = recommend(rows, sampling).ahead
    drawn_leads = np.mean(
        [
            np.mean([sampling(by_method[first][s])[n] - sampling(by_method[second][s])[n]
                     for n in ('AP_all', 'MAP')], axis=0)
            for s in range(3)
        ], axis=0,
    )  # fmt: skip
    images = stats.norm.ppf(0.975) * drawn_leads.std(ddof=1)
    assert wider.half_width == pytest.approx(np.hypot(found.ahead.half_width, images))


def test_the_recommended_one_is_drawn_in_bold_though_others_have_a_higher_first_score():
    methods = methods_of([*KEYS, *(f'own {k}' for k in range(MOST_DRAWN))])
    score = dict.fromkeys(methods, 50.0)
    found = drawn(methods, {**score, 'own 3': 1.0}, 'own 3')
    assert len(found) == MOST_DRAWN
    assert found['own 3'].width > found['joint'].width == methods['joint'].width
