import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmpretrain.structures import DataSample

from mmnoisy import InputError
from mmnoisy.label_batch import LabelBatch, SparseLabels
from mmnoisy.models.targets import flat_cells, multi_hot, stack_targets


def sample(noisy=(), present=(), absent=()):
    fields = dict(noisy_label=noisy, verified_pos=present, verified_neg=absent)
    return DataSample(**{name: np.array(ids, np.uint16) for name, ids in fields.items()})


@given(st.lists(st.sets(st.integers(0, 6)), min_size=1, max_size=5))
def test_multi_hot_equals_membership(sets):
    samples = [sample(noisy=sorted(ids)) for ids in sets]
    dense = multi_hot(flat_cells(samples, 'noisy_label'), (len(sets), 7))
    assert dense.tolist() == [[k in ids for k in range(7)] for ids in sets]


SAMPLES = [
    sample(noisy=[0, 1, 3], present=[0], absent=[1]),  # of V: 3 is noisy and unrated
    sample(noisy=[2]),  # of T
]


@pytest.mark.parametrize(
    ('unverified', 'verified', 'observed'),
    [
        ('absent', [[1, 0, 0, 0], [0, 0, 0, 0]], [[1, 1, 1, 1], [0, 0, 0, 0]]),
        ('mask', [[1, 0, 0, 0], [0, 0, 0, 0]], [[1, 1, 0, 0], [0, 0, 0, 0]]),
        ('noisy', [[1, 0, 0, 1], [0, 0, 1, 0]], [[1, 1, 1, 1], [0, 0, 0, 0]]),
    ],
)
def test_three_readings_of_the_unverified(unverified, verified, observed):
    y, v, k = stack_targets(SAMPLES, 4, unverified)
    assert y.tolist() == [[1, 1, 0, 1], [0, 0, 1, 0]]
    assert v.tolist() == verified
    assert k.int().tolist() == observed
    assert y.dtype == v.dtype == torch.float32


def test_missing_fields_are_empty():
    y, v, k = stack_targets([DataSample(noisy_label=np.array([1]))], 2)
    assert (y.tolist(), v.tolist(), k.tolist()) == ([[0, 1]], [[0, 0]], [[False, False]])


@pytest.mark.parametrize('outside', [4, -1])
def test_a_label_outside_the_classes_is_refused(outside):
    with pytest.raises(InputError, match='num_classes is 4; set num_classes'):
        stack_targets([DataSample(noisy_label=np.array([0, outside]))], 4)


def test_soft_labels_are_the_confidences():
    samples = [
        dict(noisy_label=[2, 0], noisy_score=np.float32([0.25, 1]), verified_neg=[0]),
        dict(noisy_label=[], noisy_score=[]),
        dict(noisy_label=[1], noisy_score=np.float32([0.5])),
    ]
    noisy, verified, observed = stack_targets(samples, 3, 'noisy', soft=True)
    assert noisy.tolist() == [[1, 0, 0.25], [0, 0, 0], [0, 0.5, 0]]
    assert verified[0].tolist() == [0, 0, 0.25]  # no verdict on class 2: the machine's word stands
    assert observed.tolist() == [[True] * 3, [False] * 3, [False] * 3]
    start, label = torch.tensor([0, 2, 2, 3]), torch.tensor([2, 0, 1])
    labels = SparseLabels(start, label, torch.tensor([0.25, 1, 0.5]))
    none = SparseLabels(torch.zeros(4, dtype=torch.int64), label[:0], torch.zeros(0, dtype=bool))
    batch, _, _ = stack_targets(LabelBatch(labels, none), 3, soft=True)
    assert torch.equal(batch, noisy)
