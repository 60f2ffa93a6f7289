import math
from collections import Counter
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmnoisy.datasets.csr import Csr
from mmnoisy.datasets.statistics import counts as counting
from mmnoisy.datasets.statistics.counts import (
    CategoryRow,
    LabelCounts,
    add_counts,
    category_rows,
    count_labels,
    group_classes,
)

C = 7


def matrix(rows, dtype=bool):
    """A Csr of dictionaries {class: value}; labels keep the order of their dictionary."""
    start = np.cumsum([0, *map(len, rows)])
    label = np.array([k for row in rows for k in row], np.uint16)
    return Csr(start, label, np.array([v for row in rows for v in row.values()], dtype))


def slow_counts(noisy, verdicts):
    counters = LabelCounts(*(Counter() for _ in LabelCounts._fields))
    for machine, rated in zip(noisy, verdicts):
        counters.machine.update(machine.keys())
        for k, present in rated.items():
            (counters.present if present else counters.absent)[k] += 1
            if k in machine:
                (counters.correct if present else counters.wrong)[k] += 1
    return [[counter[k] for k in range(C)] for counter in counters]


# Dictionaries of hypothesis come in any order of their keys: rows need not be sorted.
images = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, C - 1), st.floats(0, 1, width=32)),
        st.dictionaries(st.integers(0, C - 1), st.booleans()),
    ),
    max_size=12,
)


@given(images, st.integers(1, 20))
def test_counts_equal_dictionaries_in_blocks_of_any_size(images, block):
    noisy, verdicts = ([image[k] for image in images] for k in range(2))
    with mock.patch.object(counting, 'BLOCK', block):
        counts = count_labels(matrix(noisy, np.float32), matrix(verdicts), C)
    assert [array.tolist() for array in counts] == slow_counts(noisy, verdicts)


def test_blocks_hold_few_labels():
    rng = np.random.default_rng(0)
    starts = [np.cumsum([0, *rng.integers(0, 9, 5000)]) for _ in range(2)]
    with mock.patch.object(counting, 'BLOCK', 100):
        blocks = list(counting._blocks(*starts))
    assert [first for first, _ in blocks] == [0, *(last for _, last in blocks[:-1])]
    assert blocks[-1][1] == 5000
    for start in starts:
        assert max(start[last] - start[first] for first, last in blocks) <= 100 + 8


# Class 0 is a pet and an animal, 1 an animal, 2 and 3 have no category.
CATEGORIES = [['pet', 'animal'], ['animal'], [], ['others']]
NOISY = [{0: 1, 1: 1}, {1: 1, 2: 1}, {3: 1, 1: 1}]
VERDICTS = [{1: True, 0: False}, {1: False, 0: True}, {1: True}]


def test_table_1_by_hand():
    counts = count_labels(matrix(NOISY), matrix(VERDICTS), 4)
    assert counts.machine.tolist() == [1, 3, 1, 1]
    # The verdict on class 0 in image 1 is on no machine label.
    np.testing.assert_array_equal(counts.quality, [0, 2 / 3, np.nan, np.nan])
    rows = category_rows(group_classes(CATEGORIES), counts.machine + 10, counts)
    assert [row[:5] for row in rows] == [
        ('animal', 2, 2, 5, 24),
        ('pet', 1, 1, 2, 11),
        ('others', 2, 0, 0, 22),
        ('total', 4, 2, 5, 46),
    ]
    assert [row.correct for row in rows] == pytest.approx([2 / 4, 0, math.nan, 2 / 4], nan_ok=True)
    assert isinstance(rows[0], CategoryRow)


def test_a_category_given_twice_counts_once():
    groups = group_classes([['pet', 'pet'], [], ['pet']])
    assert {name: ids.tolist() for name, ids in groups.items()} == {'pet': [0, 2], 'others': [1]}
    assert list(group_classes([['zebra'], ['animal']])) == ['animal', 'zebra']


def test_sets_of_images_taken_together():
    parts = [
        count_labels(matrix(NOISY[k:j]), matrix(VERDICTS[k:j]), 4) for k, j in ((0, 1), (1, 3))
    ]
    whole = count_labels(matrix(NOISY), matrix(VERDICTS), 4)
    for array, expected in zip(add_counts(parts), whole):
        np.testing.assert_array_equal(array, expected)
