import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmpretrain.structures import DataSample
from torch.utils.data._utils.pin_memory import pin_memory

from mmnoisy import InputError
from mmnoisy.label_batch import LabelBatch, SparseLabels
from mmnoisy.models.targets import UNVERIFIED, stack_targets

C = 6
KEYS = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')


def matrix(rows):
    """Of ``{class: value}`` for each image, one label after the other."""
    start, label, value = [0], [], []
    for row in rows:
        for k in sorted(row):
            label.append(k)
            value.append(row[k])
        start.append(len(label))
    return SparseLabels(torch.tensor(start), torch.tensor(label, dtype=int), torch.tensor(value))


def batch_of(images):
    return LabelBatch(*(matrix(rows) for rows in zip(*images)))


def sample_of(noisy, verdicts):
    return DataSample(
        noisy_label=np.array(sorted(noisy), int),
        verified_pos=np.array([k for k in sorted(verdicts) if verdicts[k]], int),
        verified_neg=np.array([k for k in sorted(verdicts) if not verdicts[k]], int),
    )


CLASS = st.integers(0, C - 1)
IMAGE = st.tuples(
    st.dictionaries(CLASS, st.floats(0, 1, width=32)), st.dictionaries(CLASS, st.booleans())
)
# At least one label of either kind, so that the values have a type.
FULL = ({1: 0.5}, {1: True, 2: False})


@given(st.lists(IMAGE, max_size=5), st.sampled_from(UNVERIFIED))
def test_targets_equal_those_of_samples(images, unverified):
    images = [FULL, *images]
    batch, samples = batch_of(images), [sample_of(*image) for image in images]
    expected = stack_targets(samples, C, unverified)
    for targets in (batch, batch.to('cpu')):
        for found, of_samples in zip(stack_targets(targets, C, unverified), expected):
            assert torch.equal(found, of_samples)


@given(st.lists(IMAGE, max_size=4), st.lists(IMAGE, max_size=4))
def test_images_one_by_one_and_joined(some, others):
    some, others = [FULL, *some], [FULL, *others]
    joined = batch_of(some) + batch_of(others)
    assert len(joined) == len(some) + len(others)
    for fields, (noisy, verdicts) in zip(joined, some + others):
        assert tuple(fields) == KEYS
        scores = zip(fields['noisy_label'].tolist(), fields['noisy_score'].tolist())
        assert dict(scores) == pytest.approx(noisy)
        assert fields['verified_pos'].tolist() == [k for k in sorted(verdicts) if verdicts[k]]
        assert fields['verified_neg'].tolist() == [k for k in sorted(verdicts) if not verdicts[k]]


def test_a_class_outside_the_model_is_refused():
    with pytest.raises(InputError, match='num_classes is 2; set num_classes'):
        stack_targets(batch_of([FULL]), 2)


def test_batches_are_pinned_where_they_are_on_the_cpu(monkeypatch):
    """By the loader itself; what is on another device stays as it is."""
    pinned = []

    def pin(tensor, *_):
        assert tensor.device.type == 'cpu'
        pinned.append(tensor)
        return tensor.clone()

    monkeypatch.setattr(torch.Tensor, 'pin_memory', pin)
    batch = batch_of([FULL])
    copy = pin_memory(dict(data_samples=batch))['data_samples']
    assert isinstance(copy, LabelBatch)
    assert len(pinned) == 6
    for found, expected in zip(stack_targets(copy, C), stack_targets(batch, C)):
        assert torch.equal(found, expected)
    elsewhere = batch.to('meta', non_blocking=True).pin_memory()
    assert elsewhere.noisy.label.device.type == 'meta'
    assert len(pinned) == 6
