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


def both(*sizes):
    return ConcatDataset([range(size) for size in sizes])


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


def mix_of_two(start, stop, source_ratio, world_size):
    """The rule for two sources alone, as it stood when the first models were trained."""
    first, second = source_ratio
    period = first + second
    step = np.arange(start, stop + 1)[:, None]
    rank = np.arange(world_size)
    drawn = (step * second * world_size + rank * period) // (period * world_size)
    source = np.diff(drawn, axis=0)
    before = drawn[:-1].sum(1, keepdims=True) + source.cumsum(1) - source
    position = step[:-1] * world_size + rank
    return source, np.where(source, before, position - before)


@given(ratios, st.integers(1, 8), st.integers(0, 50), st.integers(1, 100))
def test_two_sources_are_drawn_from_as_ever(ratio, world_size, start, steps):
    found = mix(start, start + steps, ratio, world_size)
    np.testing.assert_array_equal(found, mix_of_two(start, start + steps, ratio, world_size))


several = st.lists(st.integers(1, 7), min_size=1, max_size=5)


@given(several, st.integers(1, 8), st.integers(0, 40), st.integers(1, 100))
def test_any_number_of_sources(ratio, world_size, start, steps):
    """Every process is exact after each period; no ordinal is left out."""
    source, ordinal = mix(0, start + steps, ratio, world_size)
    drawn = np.cumsum([(source == s) for s in range(len(ratio))], axis=1)
    n = np.arange(1, start + steps + 1)
    due = np.array(ratio)[:, None, None] * n[:, None] / sum(ratio)
    assert np.all(np.abs(drawn - due) < max(1, len(ratio) - 1))
    np.testing.assert_allclose((drawn - due)[:, n % sum(ratio) == 0], 0, atol=1e-9)
    counts = [0] * len(ratio)
    for s, o in zip(source.ravel(), ordinal.ravel()):
        assert o == counts[s]
        counts[s] += 1
    np.testing.assert_array_equal(
        mix(start, start + steps, ratio, world_size), (source[start:], ordinal[start:])
    )


@given(several, st.integers(1, 8), st.integers(1, 30))
def test_any_number_of_processes_draws_the_same_of_several_sources(ratio, world_size, steps):
    """After whole rounds; in between each process is off by less than its own bound."""

    def drawn(steps, world_size):
        source, ordinal = mix(0, steps, ratio, world_size)
        return sorted(zip(source.ravel(), ordinal.ravel()))

    rounds = steps * sum(ratio)
    assert drawn(rounds, world_size) == drawn(rounds * world_size, 1)
    counts = (
        np.bincount([source for source, _ in draws], minlength=len(ratio))
        for draws in (drawn(steps, world_size), drawn(steps * world_size, 1))
    )
    bound = max(1, len(ratio) - 1)
    assert np.all(np.abs(np.subtract(*counts)) < bound * (world_size + 1))


def test_hand_worked_with_three_sources():
    """2 : 1 : 1. Every second draw is for the others, and of those every second for the last."""
    source, ordinal = mix(0, 8, (2, 1, 1), 1)
    assert source.ravel().tolist() == [0, 1, 0, 2, 0, 1, 0, 2]
    assert ordinal.ravel().tolist() == [0, 0, 1, 0, 2, 1, 3, 1]


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
@pytest.mark.parametrize(
    ('sizes', 'ratio'),
    [((90, 7), (9, 1)), ((40, 7, 12), (5, 3, 1)), ((9, 30, 4, 11), (1, 2, 2, 3))],
)
def test_no_image_comes_twice_before_all_have_come(monkeypatch, sizes, ratio, world_size):
    """Step by step, and by process within a step, a source is used up before it begins anew."""
    dataset = both(*sizes)
    ranks = [
        draw(sampler(monkeypatch, dataset, ratio, rank=rank, world_size=world_size), 20)
        for rank in range(world_size)
    ]
    source = np.repeat(np.arange(len(sizes)), sizes)
    image = np.concatenate([np.arange(size) for size in sizes])
    left, passes = [{*range(size)} for size in sizes], [0] * len(sizes)
    orders = [[[] for _ in range(400)] for _ in sizes]
    for index in np.stack(ranks, 1).ravel().tolist():
        s, i = source[index], image[index]
        left[s].remove(i)
        orders[s][passes[s]].append(i)
        if not left[s]:
            left[s], passes[s] = {*range(sizes[s])}, passes[s] + 1
    for s, of_source in enumerate(orders):
        assert passes[s] >= 3 and of_source[0] != of_source[1]


def test_epochs_go_on_and_repeat_by_seed(monkeypatch):
    dataset = both(50, 5)
    first = draw(sampler(monkeypatch, dataset), 4)
    np.testing.assert_array_equal(first, draw(sampler(monkeypatch, dataset), 4))
    assert not np.array_equal(first, draw(sampler(monkeypatch, dataset, seed=4), 4))
    monkeypatch.setattr(ratio_sampler, '_CHUNK', 7)
    np.testing.assert_array_equal(first, draw(sampler(monkeypatch, dataset), 4))
    assert len(sampler(monkeypatch, dataset)) == 56  # 50 / 0.9, rounded up


@pytest.mark.parametrize('sizes', [(300, 200), (70_000, 40), (300, 7, 260)])
def test_later_passes_hold_every_image_once(sizes):
    """Where the sum of an index and the passes before does not fit into the type of the index."""
    drawn = np.fromiter(RatioSampler(both(*sizes), [1] * len(sizes), 0).draws(0, 900_000), np.int64)
    index, cycle = drawn % sum(sizes), drawn // sum(sizes)
    offsets = np.cumsum((0, *sizes))
    for first, last in zip(offsets, offsets[1:]):
        here = (index >= first) & (index < last)
        for c in range(min(5, int(cycle[here].max()))):
            of_pass = index[here & (cycle == c)]
            np.testing.assert_array_equal(np.sort(of_pass), np.arange(first, last))


def test_no_sum_is_made_in_the_type_of_the_order(monkeypatch):
    """NumPy 1 would make it in that type where the other is a scalar, and wrap."""

    class Small(np.ndarray):
        def __array_ufunc__(self, *_, **__):
            raise AssertionError('computed in a small type')

        def astype(self, *args):
            return super().astype(*args).view(np.ndarray)

    order = RatioSampler._order
    monkeypatch.setattr(RatioSampler, '_order', lambda *args: order(*args).view(Small))
    drawn = list(RatioSampler(both(20_000, 9), [9, 1], 0).draws(100_000, 100_100))
    assert len(set(drawn)) == 100


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
        (range(9), [9, 1], 'mixes 2 datasets, but train_dataloader has 1'),
        (both(9, 1), [9, 0], 'is no list of positive whole numbers'),
        (both(9, 1), [9], 'mixes 1 datasets, but train_dataloader has 2'),
        (both(9, 1), [0.9, 0.1], 'is no list'),
        (both(9, 1), [True, 1], 'is no list'),
        (both(9, 1), [9, 1, 1], 'mixes 3 datasets'),
    ],
)
def test_ratios_that_cannot_be_met(dataset, ratio, complaint):
    with pytest.raises(InputError, match=complaint):
        RatioSampler(dataset, ratio, seed=0)
