"""The judgement over worlds, worked out by hand."""

import csv
import dataclasses
import io

import numpy as np
import pytest
from synthetic_runs import evaluated_set, one_run

from mmnoisy.experiments.report.choices import Expected, expected, labels_right
from mmnoisy.experiments.report.sampling import Sampling
from mmnoisy.experiments.report.statistics import Estimate, paired_difference
from mmnoisy.experiments.report.worlds import (
    Judged,
    Row,
    csv_rows,
    judge_world,
    share_covered,
    worlds_table,
    worst,
)
from mmnoisy.experiments.runs import AutoRun

EVALUATED = evaluated_set(num_images=60, num_classes=12, num_examples=0)
SIZES = dict(train=100, validation=20, test=60, classes=12)
WIDE, NEVER = (50.0, 0.0, 100.0), (50.0, 49.0, 51.0)


def row(AP_all, MAP, half_width=0.1):
    scores = {'AP_all': Estimate(AP_all, half_width, 3), 'MAP': Estimate(MAP, half_width, 3)}
    return Row(scores, 70.0, 10.0)


def world(auto, best, ahead, covers=(), **others):
    """Scores by row, (AP_all, MAP)."""
    rows = {name: row(*scores) for name, scores in {**others, 'joint': best, 'auto': auto}.items()}
    ahead = {m: Estimate(*value, 3) for m, value in zip(('AP_all', 'MAP'), ahead)}
    on_v = [WIDE if covered else NEVER for covered in covers]
    figures = [{key: Expected(ends, 90.0) for key in ('AP_all', 'MAP', 'right')} for ends in on_v]
    best_rows = {'AP_all': 'joint', 'MAP': 'joint'}
    return Judged(SIZES, rows, best_rows, ahead, ['best'] * len(covers), figures)


def choice_of(run, on_v):
    return AutoRun(dataclasses.replace(run, method='auto'), 'best', on_v)


@pytest.fixture
def judged():
    runs = [one_run(EVALUATED, name, seed) for name in ('baseline', 'joint') for seed in range(2)]
    chosen = [one_run(EVALUATED, 'joint_pretrained', seed) for seed in range(2)]
    on_v = dict(AP_all=WIDE, MAP=NEVER, after=WIDE, before=WIDE, gain=WIDE)
    choices = [choice_of(run, on_v) for run in chosen]
    names = ['baseline', 'joint']
    return runs, choices, judge_world(runs, choices, EVALUATED, SIZES, names)


def test_scores_and_differences_are_those_of_a_report(judged):
    runs, choices, found = judged
    assert [*found.rows] == ['baseline', 'joint', 'auto']
    sampling = Sampling(EVALUATED, {})
    for measure in ('AP_all', 'MAP'):
        means = {
            name: np.mean([run.metrics[measure] for run in runs if run.method == name])
            for name in ('baseline', 'joint')
        }
        assert found.rows['joint'].scores[measure].mean == pytest.approx(means['joint'])
        best = max(means, key=means.get)
        assert found.best[measure] == best
        by_seed = {run.seed: run for run in runs if run.method == best}
        wanted = paired_difference(
            {one.run.seed: one.run.metrics[measure] for one in choices},
            {seed: run.metrics[measure] for seed, run in by_seed.items()},
            {one.run.seed: sampling(one.run)[measure] for one in choices},
            {seed: sampling(run)[measure] for seed, run in by_seed.items()},
        )
        assert found.ahead[measure] == wanted
        auto = np.mean([one.run.metrics[measure] for one in choices])
        regret = max(*means.values(), auto) - means['baseline']
        assert found.regret('baseline', measure) == pytest.approx(regret)


def test_labels_right():
    run = one_run(EVALUATED, 'joint', 0)
    hits = [
        (cleaned >= 0.5) == present
        for cleaned, present, noisy in zip(run.cleaned, EVALUATED.present, EVALUATED.noisy)
        if noisy
    ]
    assert labels_right(run, EVALUATED) == pytest.approx(100 * sum(hits) / len(hits))
    kept = labels_right(one_run(EVALUATED, 'baseline', 0), EVALUATED)
    assert kept == pytest.approx(100 * EVALUATED.present[EVALUATED.noisy].mean())
    nothing = dataclasses.replace(EVALUATED, noisy=np.zeros_like(EVALUATED.noisy))
    assert np.isnan(labels_right(run, nothing))


def test_what_is_expected_is_held_against_test(judged):
    _, choices, found = judged
    figures = expected(choices[0], EVALUATED)
    assert {key: bool(figure.covers) for key, figure in figures.items()} == {
        'AP_all': True,
        'MAP': False,
        'right': True,
    }
    assert found.figures[0] == figures
    unknown = Expected((np.nan, np.nan, np.nan), 90.0)
    assert unknown.covers


def test_the_worst_world_decides():
    worlds = {
        'a': world((90.0, 80.0), (90.2, 79.0), [(-0.2, 0.3), (1.0, 0.3)], [1, 1]),
        'b': world((95.0, 85.0), (94.0, 85.9), [(1.0, 0.3), (-0.9, 0.3)], [1, 0]),
    }
    assert worst(worlds, 'auto', 'AP_all') == (pytest.approx(0.2), 'a')
    assert worst(worlds, 'auto', 'MAP') == (pytest.approx(0.9), 'b')
    assert worst(worlds, 'joint', 'AP_all') == (pytest.approx(1.0), 'b')
    assert [one.holds for one in worlds.values()] == [True, False]
    assert share_covered(worlds, 'MAP') == 0.75


@pytest.mark.parametrize(
    ('ahead', 'baseline', 'holds'),
    [
        ((-0.25, 0.3), 89.0, True),
        ((-0.25, 0.2), 89.0, False),  # surely behind
        ((-0.35, 0.9), 89.0, False),  # too far behind, however unsure
        ((0.2, 0.1), 89.0, True),
        ((0.2, 0.1), 90.1, False),  # below the baseline
    ],
)
def test_when_auto_holds(ahead, baseline, holds):
    found = world((90.0, 80.0), (90.0, 80.0), [ahead, (0.0, 0.1)], baseline=(baseline, 70.0))
    assert found.holds == holds


def test_table_and_csv_say_the_same(judged):
    *_, found = judged
    worlds = {'one': found, 'two': found}
    lines = worlds_table(worlds).splitlines()
    assert len(lines) == 2 + 2 + 2
    baseline = found.rows['baseline'].scores
    assert f'{baseline["AP_all"].mean:.2f} / {baseline["MAP"].mean:.2f}' in lines[2]
    assert lines[4].startswith('| worst regret') and '100% 0% 100%' in lines[4]

    header, rows = csv_rows(worlds)
    assert len(rows) == 6 and {len(of) for of in rows} == {len(header)}
    values = dict(zip(header, rows[0]))
    assert values['AP_all'] == baseline['AP_all'].mean
    assert values['MAP_regret'] == found.regret('baseline', 'MAP')
    csv.writer(io.StringIO()).writerows(rows)


def test_without_auto_only_regrets_are_shown(judged):
    runs = judged[0]
    found = judge_world(runs, [], EVALUATED, SIZES, ['baseline', 'joint'])
    table = worlds_table({'one': found})
    assert 'holds' not in table and 'worst regret' in table
