from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import ConcatDataset, DataLoader

from mmnoisy import InputError
from mmnoisy.datasets import ratio_sampler
from mmnoisy.datasets.ratio_sampler import RatioSampler, mix

ratios = st.tuples(st.integers(1, 12), st.integers(1, 12))


def both(num_t, num_v):
    return ConcatDataset([range(num_t), range(num_v)])


def sampler(monkeypatch, dataset, ratio=(9, 1), seed=3, rank=0, world_size=1):
    monkeypatch.setattr(ratio_sampler, 'get_dist_info', lambda: (rank, world_size))
    return RatioSampler(dataset, ratio, seed)


def draw(sampler, epochs):
    drawn = []
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        assert len(list(sampler)) == len(sampler)
        drawn += list(sampler)
    return np.array(drawn)


@given(ratios, st.integers(1, 8), st.integers(1, 300))
def test_exact_on_every_process(ratio, world_size, steps):
    source, _ = mix(0, steps, ratio, world_size)
    share = ratio[1] / sum(ratio)
    assert np.all(np.abs(source.sum(0) - steps * share) < 1)
    if steps % sum(ratio) == 0:
        assert np.all(source.sum(0) == steps * ratio[1] // sum(ratio))


@given(ratios, st.integers(1, 8), st.integers(0, 50), st.integers(1, 100))
def test_each_source_is_counted_without_gap(ratio, world_size, start, steps):
    """The slow version: walk over steps and processes, counting draws."""
    source, ordinal = mix(0, start + steps, ratio, world_size)
    counts = [0, 0]
    for s, o in zip(source.ravel(), ordinal.ravel()):
        assert o == counts[s]
        counts[s] += 1
    late = mix(start, start + steps, ratio, world_size)
    np.testing.assert_array_equal(late[0], source[start:])
    np.testing.assert_array_equal(late[1], ordinal[start:])


@given(ratios, st.integers(1, 6), st.integers(1, 40))
def test_any_number_of_processes_draws_the_same(ratio, world_size, steps):
    one, many = mix(0, steps * world_size, ratio, 1), mix(0, steps, ratio, world_size)
    draws = [sorted(zip(source.ravel(), ordinal.ravel())) for source, ordinal in (one, many)]
    assert draws[0] == draws[1]


def test_hand_worked():
    source, ordinal = mix(0, 4, (3, 1), 2)
    assert source.tolist() == [[0, 0], [0, 1], [0, 0], [1, 0]]
    assert ordinal.tolist() == [[0, 1], [2, 0], [3, 4], [1, 5]]


def test_batches_of_32_carry_the_remainder(monkeypatch):
    """28.8 : 3.2 a batch; 29 : 3 for ever would give 60 of V, not 64, in 20 batches."""
    loader = DataLoader(
        both(10_000, 100), batch_size=32, sampler=sampler(monkeypatch, both(10_000, 100))
    )
    of_v = [sum(i >= 10_000 for i in batch) for batch in islice(loader.batch_sampler, 20)]
    assert set(of_v) == {3, 4}
    assert sum(of_v) == 64


@pytest.mark.parametrize('world_size', [1, 3])
def test_no_image_comes_twice_before_all_have_come(monkeypatch, world_size):
    dataset = both(90, 7)
    ranks = [
        draw(sampler(monkeypatch, dataset, rank=rank, world_size=world_size), 5)
        for rank in range(world_size)
    ]
    everything = np.stack(ranks, 1).ravel()
    t, v = everything[everything < 90], everything[everything >= 90] - 90
    for drawn, size in ((t, 90), (v, 7)):
        for start in range(0, len(drawn) - size, size):
            assert len(set(drawn[start : start + size])) == size
        assert set(Counter(drawn).values()) <= {len(drawn) // size, len(drawn) // size + 1}
    assert not np.array_equal(t[:90], t[90:180])


def test_epochs_go_on_and_repeat_by_seed(monkeypatch):
    dataset = both(50, 5)
    first = draw(sampler(monkeypatch, dataset), 4)
    np.testing.assert_array_equal(first, draw(sampler(monkeypatch, dataset), 4))
    assert not np.array_equal(first, draw(sampler(monkeypatch, dataset, seed=4), 4))
    monkeypatch.setattr(ratio_sampler, '_CHUNK', 7)
    np.testing.assert_array_equal(first, draw(sampler(monkeypatch, dataset), 4))
    assert len(sampler(monkeypatch, dataset)) == 56  # 50 / 0.9, rounded up


def test_one_source_is_plain_shuffling(monkeypatch):
    one = sampler(monkeypatch, range(40), ratio=None)
    for epoch in range(3):
        one.set_epoch(epoch)
        assert sorted(one) == list(range(40))


def test_seed_is_drawn_if_none_is_given():
    assert len(list(RatioSampler(range(10)))) == 10


@pytest.mark.parametrize(
    ('dataset', 'ratio', 'complaint'),
    [
        (both(9, 0), [9, 1], 'holds no images to draw from'),
        (range(0), None, 'holds no images to draw from'),
        (range(9), [9, 1], 'mixes two datasets, but train_dataloader has 1'),
        (both(9, 1), [9, 0], 'is no pair of positive whole numbers'),
        (both(9, 1), [9], 'is no pair'),
        (both(9, 1), [0.9, 0.1], 'is no pair'),
        (both(9, 1), [9, 1, 1], 'is no pair'),
    ],
)
def test_ratios_that_cannot_be_met(dataset, ratio, complaint):
    with pytest.raises(InputError, match=complaint):
        RatioSampler(dataset, ratio, seed=0)
