"""Figures of classes against those of all classes together, and by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mmnoisy.evaluation.leave_one_out import leave_one_out_average_precision
from mmnoisy.experiments.class_figures import FEW_VERDICTS, class_figures, class_rows
from mmnoisy.experiments.decision import Pairs
from mmnoisy.experiments.judgement import judged

CLASSES = 7


@pytest.fixture
def drawn():
    """Scores, cleaned labels, pairs, number of images; a class without verdicts is the last."""
    rng = np.random.default_rng(0)
    image, label = np.divmod(rng.permutation(60 * (CLASSES - 1))[:200], CLASSES - 1)
    pairs = Pairs(image, label, rng.random(200) < 0.5, rng.random(200) < 0.7)
    cleaned = np.where(rng.random(200) < 0.2, np.nan, rng.random(200))
    return rng.random(200), cleaned, pairs, 60


def test_a_hand_worked_case():
    pairs = Pairs(
        image=np.array([0, 0, 1, 2, 3]),
        label=np.array([0, 1, 0, 0, 0]),
        present=np.array([True, False, False, False, True]),
        noisy=np.array([True, True, True, True, False]),
    )
    cleaned = np.array([0.9, 0.1, 0.2, np.nan, 0.1])
    scores = np.array([0.5, 0.5, 0.6, 0.1, 0.9])
    found = class_figures(scores, cleaned, pairs, 4, 2)
    row, other = class_rows(['cat', 'Ass'], found)[::-1]
    assert row == dict(
        name='cat', verified=4, present=2, few=True, AP=pytest.approx(100 * (1 + 2 / 3) / 2),
        rated=3, before=pytest.approx(100 / 3), after=pytest.approx(200 / 3), wrong=2, found=1,
    )  # fmt: skip
    assert other == dict(
        name='Ass', verified=1, present=0, few=True, AP=None, rated=1, before=0, after=100,
        wrong=1, found=1,
    )  # fmt: skip


def test_sums_are_those_of_all_classes(drawn):
    scores, _, pairs, num_images = drawn
    found, whole = class_figures(*drawn, CLASSES), judged(*drawn)
    rated = found.rated.sum()
    assert 100 * (rated - found.wrong.sum()) / rated == pytest.approx(whole['before'][0])
    assert 100 * found.right.sum() / rated == pytest.approx(whole['after'][0])
    assert found.verified.sum() == 200
    assert found.present.sum() == pairs.present.sum()
    for k in range(CLASSES - 1):
        here = pairs.label == k
        wanted = 100 * average_precision_score(pairs.present[here], scores[here])
        assert found.AP[k] == pytest.approx(wanted)
    assert math.isnan(found.AP[-1])
    assert np.nanmean(found.AP) == pytest.approx(whole['MAP'][0])
    few = judged(*drawn, leave_one_out_average_precision)
    of_few = class_figures(*drawn, CLASSES, leave_one_out_average_precision)
    assert np.nanmean(of_few.AP) == pytest.approx(few['MAP'][0])
    assert few['MAP'][0] < whole['MAP'][0]
    counts = np.ones((num_images, 1))
    order = scores, pairs.present, pairs.image, counts
    assert few['AP_all'][0] == pytest.approx(100 * leave_one_out_average_precision(*order)[0, 0])


def test_rows_of_classes_with_verdicts(drawn):
    found = class_figures(*drawn, CLASSES)
    names = ['e', 'D', 'c', 'b', 'A', 'f', 'none']
    rows = class_rows(names, found, found)
    assert [row['name'] for row in rows] == ['A', 'b', 'c', 'D', 'e', 'f']
    for row in rows:
        assert row['few'] == (row['verified'] < FEW_VERDICTS)
        assert (row['test_verified'], row['test_AP']) == (row['verified'], row['AP'])
    alone = class_figures(*(drawn[0][:0], drawn[1][:0]), drawn[2].where(slice(0)), drawn[3], 7)
    assert class_rows(names, alone) == []
    assert len(class_rows(names, alone, found)) == 6


def test_shares_are_within_0_and_100():
    """However few they are of; only what cleaning gains may be below."""
    rng = np.random.default_rng(0)
    present = np.arange(20) > 0
    pairs = Pairs(np.arange(20), np.zeros(20, int), present, np.ones(20, bool))
    found = judged(rng.random(20), present.astype(float), pairs, 20)
    assert found['before'][0] == pytest.approx(95)
    assert found['before'][2] == 100  # 95 and twice 5 would be more
    assert found['after'] == (100, 100, 100)
    lost = judged(rng.random(20), 1.0 - present, pairs, 20)
    assert lost['after'] == (0, 0, 0)
    assert lost['gain'][1] < lost['gain'][0] == -95
