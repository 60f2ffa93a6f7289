import dataclasses
import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, average_precision_score
from synthetic_runs import evaluated_set, one_run, runs_of

from mmnoisy.experiments.report.by_class import (
    NOISY,
    category_rows,
    class_precisions,
    cleaned_accuracy,
    gains_by_group,
)
from mmnoisy.experiments.report.methods import methods_of
from mmnoisy.experiments.report.results import (
    learning_curve,
    protocol_scores,
    runs_at,
    score_rows,
    steps_between,
    verified_numbers,
)

EVALUATED = evaluated_set()
RUNS = runs_of(EVALUATED, ('joint', 'mine', 'baseline', 'bound_truth'))
BY_METHOD = runs_at(RUNS, 2500)
METHODS = methods_of(BY_METHOD)


def test_rows_are_in_the_order_of_table_2_with_new_systems_before_the_bounds():
    rows = score_rows(BY_METHOD, METHODS)
    assert [row.method.name for row in rows] == ['Baseline', 'Joint', 'mine', 'Bound: truth of T']
    assert len({row.method.colour for row in rows}) == 4


def test_scores_and_paired_gains():
    row = score_rows(BY_METHOD, METHODS)[1]
    joint = [run.metrics['MAP'] for run in RUNS if run.method == 'joint']
    baseline = [run.metrics['MAP'] for run in RUNS if run.method == 'baseline']
    low, high = stats.ttest_rel(joint, baseline).confidence_interval(0.95)
    assert row.scores['MAP'].mean == pytest.approx(np.mean(joint))
    assert row.gains['MAP'] == pytest.approx(((low + high) / 2, (high - low) / 2, 3))


def test_steps_are_between_neighbours_of_the_same_seed():
    between = steps_between(score_rows(BY_METHOD, METHODS))
    ranked = sorted(
        BY_METHOD, key=lambda key: -np.mean([r.metrics['AP_all'] for r in RUNS if r.method == key])
    )
    names = [METHODS[key].name for key in ranked]
    assert [(s.better.name, s.worse.name) for s in between] == [*zip(names, names[1:])]
    first, second = (
        [run.metrics['MAP'] for run in RUNS if run.method == key] for key in ranked[:2]
    )
    low, high = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert between[0].gains['MAP'] == pytest.approx(((low + high) / 2, (high - low) / 2, 3))


def test_seeds_without_a_baseline_have_no_gain():
    runs = [run for run in RUNS if run.method != 'baseline' or run.seed == 1]
    row = score_rows(runs_at(runs, 2500), METHODS)[1]
    assert (row.scores['MAP'].seeds, row.gains['MAP'].seeds) == (3, 1)


def test_systems_without_verified_images_belong_to_every_number():
    baseline = dataclasses.replace(RUNS[-4], method='baseline', verified=0)
    runs = [baseline, *(one_run(EVALUATED, 'joint', 0, number) for number in (300, 100))]
    assert verified_numbers(runs) == [100, 300]
    assert verified_numbers([baseline]) == [0]
    curve = learning_curve(runs, methods_of(run.method for run in runs))
    assert [*curve] == [100, 300]
    for number, rows in curve.items():
        assert [row.method.key for row in rows] == ['baseline', 'joint']
        assert rows[1].runs[0].verified == number


def test_scores_under_other_rules():
    runs = [dataclasses.replace(RUNS[0], protocols={}), *RUNS[1:]]
    found = protocol_scores(runs_at(runs, 2500))
    assert [*found] == ['', 'unverified_negative', 'empty_classes_zero']
    assert found['']['joint']['MAP'].seeds == 3
    of_joint = [run.protocols['empty_classes_zero']['MAP'] for run in RUNS[1:3]]
    assert found['empty_classes_zero']['joint']['MAP'].mean == pytest.approx(np.mean(of_joint))


def test_categories_as_the_metric_has_them():
    precisions = class_precisions(EVALUATED, BY_METHOD)
    rows = {row.category: row for row in category_rows(EVALUATED, precisions)}
    assert [*rows][-1] == 'others'
    for category in ('animal', 'vehicle', 'product'):
        expected = [run.metrics[f'MAP_{category}'] for run in RUNS if run.method == 'joint']
        assert rows[category].MAP['joint'].mean == pytest.approx(np.mean(expected))
    positive = {*EVALUATED.class_id[EVALUATED.present]}
    assert rows['animal'].num_classes == len(positive & {*range(0, 59, 5)})


def test_a_category_without_positives():
    categories = [*EVALUATED.class_categories[:-1], ('empty',)]
    evaluated = dataclasses.replace(EVALUATED, class_categories=categories)
    rows = category_rows(evaluated, class_precisions(evaluated, BY_METHOD))
    (row,) = (row for row in rows if row.category == 'empty')
    assert row.num_classes == 0
    assert math.isnan(row.MAP['joint'].mean)


def test_gains_are_those_of_a_loop_over_classes():
    precisions = class_precisions(EVALUATED, BY_METHOD)
    groups = gains_by_group(EVALUATED, 'quality', precisions)
    assert 'baseline' not in groups.values
    with_ap = sorted({*EVALUATED.class_id[EVALUATED.present]})
    ranked = sorted(with_ap, key=lambda k: (EVALUATED.quality[k], k))

    def precision(run, k):
        pairs = EVALUATED.class_id == k
        return 100 * average_precision_score(EVALUATED.present[pairs], run.scores[pairs])

    for g in (0, 9):
        members = np.array_split(ranked, 10)[g]
        gains = [
            np.mean([precision(run, k) - precision(base, k) for k in members])
            for run, base in zip(RUNS[:3], RUNS[6:9])
        ]
        assert groups.values['joint'][g].mean == pytest.approx(np.mean(gains))
        assert groups.ends[g].tolist() == EVALUATED.quality[members[[0, -1]]].tolist()


def test_accuracy_of_the_labels():
    found = cleaned_accuracy(EVALUATED, BY_METHOD)
    assert [*found.overall] == [NOISY, 'joint']
    noisy = accuracy_score(EVALUATED.present, EVALUATED.noisy)
    joint = [accuracy_score(EVALUATED.present, run.cleaned >= 0.5) for run in RUNS[:3]]
    assert found.overall[NOISY].mean == pytest.approx(100 * noisy)
    assert found.overall['joint'].mean == pytest.approx(100 * np.mean(joint))
    noisiest = np.argsort(EVALUATED.quality, kind='stable')[:6]  # of 60
    here = np.isin(EVALUATED.class_id, noisiest)
    expected = 100 * accuracy_score(EVALUATED.present[here], EVALUATED.noisy[here])
    assert found.groups.values[NOISY][0].mean == pytest.approx(expected)
