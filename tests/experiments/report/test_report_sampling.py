"""The intervals of a report beside those of a bootstrap that repeats the images."""

import dataclasses

import numpy as np
import pytest
from synthetic_runs import evaluated_set, runs_of

from mmnoisy.evaluation.average_precision import average_precision
from mmnoisy.experiments.report.by_class import (
    NOISY,
    category_rows,
    class_groups,
    class_precisions,
    cleaned_accuracy,
    gains_by_group,
)
from mmnoisy.experiments.report.methods import methods_of
from mmnoisy.experiments.report.results import protocol_scores, runs_at, score_rows
from mmnoisy.experiments.report.sampling import Sampling

EVALUATED = evaluated_set(num_images=30, num_classes=12, num_examples=0)
# Seeds that give the same scores to a hair.
ONE = runs_of(EVALUATED, ('baseline', 'joint'), 1)
RUNS = [
    dataclasses.replace(run, seed=seed, scores=run.scores + np.float32(seed * 1e-7))
    for run in ONE
    for seed in range(3)
]
BY_METHOD = runs_at(RUNS, 2500)


def literal(function, replicates=400):
    """The deviation of a function of pairs over sets of images that are literally repeated."""
    rng = np.random.default_rng(7)
    values = []
    for _ in range(replicates):
        images = rng.integers(30, size=30)
        pairs = np.concatenate([np.flatnonzero(EVALUATED.image == i) for i in images])
        values.append(function(pairs))
    return np.std(values)


def ap(run, pairs, *group):
    return 100 * average_precision(
        run.scores[pairs], EVALUATED.present[pairs], *(g[pairs] for g in group)
    )


def test_scores_and_gains_include_the_test_images():
    sampling = Sampling(EVALUATED, {})
    baseline, joint = score_rows(BY_METHOD, methods_of(BY_METHOD), sampling)
    alone = literal(lambda pairs: ap(ONE[0], pairs)[0])
    paired = literal(lambda pairs: ap(ONE[1], pairs)[0] - ap(ONE[0], pairs)[0])
    by_class = literal(lambda pairs: np.nanmean(ap(ONE[0], pairs, EVALUATED.class_id)))
    # Deviations of 400 draws are known to 3.5 %.
    assert baseline.scores['AP_all'].half_width == pytest.approx(1.96 * alone, rel=0.2)
    assert baseline.scores['MAP'].half_width == pytest.approx(1.96 * by_class, rel=0.2)
    assert joint.gains['AP_all'].half_width == pytest.approx(1.96 * paired, rel=0.2)
    without = score_rows(BY_METHOD, methods_of(BY_METHOD))[1].gains['AP_all']
    assert without.half_width < 0.01 < joint.gains['AP_all'].half_width


def test_seeds_and_images_add_up():
    spread = [
        dataclasses.replace(run, metrics={**run.metrics, 'AP_all': 80 + run.seed}) for run in RUNS
    ]
    by_method = runs_at(spread, 2500)
    methods = methods_of(by_method)
    seeds = score_rows(by_method, methods)[0].scores['AP_all']
    images = score_rows(BY_METHOD, methods, Sampling(EVALUATED, {}))[0].scores['AP_all']
    both = score_rows(by_method, methods, Sampling(EVALUATED, {}))[0].scores['AP_all']
    assert both.half_width == pytest.approx(np.hypot(seeds.half_width, images.half_width), rel=1e-4)


def test_groups_and_cleaned_labels_too():
    sampling = Sampling(EVALUATED, class_groups(EVALUATED))
    resampled = {
        key: {seed: sampling(run) for seed, run in of.items()} for key, of in BY_METHOD.items()
    }
    precisions = class_precisions(EVALUATED, BY_METHOD)
    for row in category_rows(EVALUATED, precisions, resampled):
        if row.num_classes:
            assert row.MAP['joint'].half_width > 0.1
    groups = gains_by_group(EVALUATED, 'quality', precisions, resampled)
    assert max(of.half_width for of in groups.values['joint']) > 0.1
    right = EVALUATED.noisy == EVALUATED.present
    found = cleaned_accuracy(EVALUATED, BY_METHOD, sampling).overall[NOISY]
    wanted = literal(lambda pairs: 100 * right[pairs].mean())
    assert found.half_width == pytest.approx(1.96 * wanted, rel=0.2)


def test_classes_with_few_pairs_are_counted():
    pairs = np.bincount(EVALUATED.class_id, minlength=12)
    positive = np.bincount(EVALUATED.class_id, EVALUATED.present, 12) > 0
    rows = category_rows(EVALUATED, class_precisions(EVALUATED, BY_METHOD))
    for row in rows:
        assert row.num_few == ((pairs < 20) & positive)[row.members].sum()
    assert any(row.num_few for row in rows)


def test_a_test_set_of_148_verdicts():
    """A difference that the seeds agree on is within what other images would have shown."""
    few = evaluated_set(num_images=30, num_classes=20, num_examples=0, seed=3)
    kept = np.arange(148)
    few = dataclasses.replace(
        few,
        **{name: getattr(few, name)[kept] for name in ('image', 'class_id', 'present', 'noisy')},
    )
    rng = np.random.default_rng(4)
    signal, noise = 2.0 * few.present + rng.normal(size=148), rng.normal(size=148)
    runs = []
    for method, weight in (('baseline', 0.0), ('joint', 0.5)):
        for seed in range(3):
            scores = (signal + weight * noise + 1e-3 * rng.normal(size=148)).astype(np.float32)
            ap = 100 * average_precision(scores, few.present)[0]
            run = dataclasses.replace(ONE[0], method=method, seed=seed, scores=scores)
            runs.append(dataclasses.replace(run, metrics={'AP_all': ap}, protocols={}))
    by_method = runs_at(runs, 2500)
    methods = methods_of(by_method)
    gain = score_rows(by_method, methods, Sampling(few, {}))[1].gains['AP_all']

    drawn = []
    rows = [np.flatnonzero(few.image == i) for i in range(30)]
    for images in np.random.default_rng(7).integers(30, size=(1000, 30)):
        pairs = np.concatenate([rows[i] for i in images])
        first, last = (
            np.mean([average_precision(run.scores[pairs], few.present[pairs])[0] for run in some])
            for some in (runs[:3], runs[3:])
        )
        drawn.append(100 * (last - first))
    low, high = np.quantile(drawn, [0.025, 0.975])
    # The deviation of 1,000 draws is known to 2 %, each end of the interval to 5 %.
    assert 2 * gain.half_width == pytest.approx(high - low, rel=0.15)
    assert (abs(gain.mean) < gain.half_width) == (low < 0 < high)
    of_seeds = score_rows(by_method, methods)[1].gains['AP_all']
    assert of_seeds.half_width < 0.2 * abs(gain.mean)


def test_empty_classes_as_zero_include_the_test_images():
    found = protocol_scores(BY_METHOD, Sampling(EVALUATED, {}))

    def MAP(pairs):
        return np.nansum(ap(ONE[0], pairs, EVALUATED.class_id)) / 12

    zero = found['empty_classes_zero']['baseline']
    assert zero['MAP'].half_width == pytest.approx(1.96 * literal(MAP), rel=0.2)
    assert zero['AP_all'].half_width == found['']['baseline']['AP_all'].half_width
    assert found['unverified_negative']['baseline']['MAP'].half_width < 0.01
