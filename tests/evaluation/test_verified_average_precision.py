import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmpretrain.registry import METRICS
from sklearn.metrics import average_precision_score

from mmnoisy import InputError

C = 12


def make_samples(num_images=61, seed=0):
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(num_images):
        rated = rng.choice(C - 2, rng.integers(0, 6), replace=False)  # two classes never rated
        present = (rng.random(len(rated)) < 0.5) & (rated != 3)  # class 3 is never present
        samples.append(
            dict(
                pred_score=torch.from_numpy(rng.random(C).round(1)).float(),
                verified_pos=rated[present].astype(np.uint16),
                verified_neg=rated[~present].astype(np.uint16),
            )
        )
    return samples


def expected_values(samples):
    """By scikit-learn, from dense matrices with -1 for what nobody verified."""
    score = np.stack([sample['pred_score'].numpy() for sample in samples])
    truth = np.full(score.shape, -1)
    for i, sample in enumerate(samples):
        truth[i, sample['verified_pos'].astype(int)] = 1
        truth[i, sample['verified_neg'].astype(int)] = 0
    rated = truth >= 0
    by_class = {
        k: 100 * average_precision_score(truth[rated[:, k], k], score[rated[:, k], k])
        for k in range(C)
        if (truth[:, k] == 1).any()
    }
    return 100 * average_precision_score(truth[rated], score[rated]), by_class


def evaluate(samples, size, **dataset_meta):
    metric = METRICS.build(dict(type='mmpretrain.VerifiedAveragePrecision'))
    metric.dataset_meta = dataset_meta
    for start in range(0, len(samples), 7):
        metric.process(None, samples[start : start + 7])
    return metric.evaluate(size)


def test_equals_scikit_learn():
    samples = make_samples()
    ap_all, by_class = expected_values(samples)
    values = evaluate(samples, len(samples))
    assert values['AP_all'] == pytest.approx(ap_all)
    assert values['MAP'] == pytest.approx(np.mean(list(by_class.values())))
    assert values['num_classes'] == len(by_class) == C - 3
    assert set(values) == {'AP_all', 'MAP', 'num_classes'}


def test_categories_overlap_and_may_be_empty():
    samples = make_samples()
    _, by_class = expected_values(samples)
    categories = [['animal']] * 3 + [['void']] + [['animal', 'pet']] * 2 + [['others']] * 5 + [[]]
    values = evaluate(samples, len(samples), class_categories=categories)
    assert values['MAP_animal'] == pytest.approx(np.mean([by_class[k] for k in (0, 1, 2, 4, 5)]))
    assert values['MAP_pet'] == pytest.approx(np.mean([by_class[k] for k in (4, 5)]))
    assert values['MAP_others'] == pytest.approx(np.mean([by_class[k] for k in range(6, 10)]))
    assert 'MAP_void' not in values  # its one class has no positive


def test_a_later_class_without_positives_does_not_shift_categories():
    sample = dict(pred_score=torch.ones(3), verified_pos=np.array([0]), verified_neg=np.array([]))
    values = evaluate([sample], 1, class_categories=[['a'], ['a'], ['b']])
    assert values == dict(AP_all=100, MAP=100, MAP_a=100, num_classes=1)


def test_nothing_verified_is_an_error():
    samples = [dict(pred_score=torch.ones(3), verified_neg=np.array([1]))]
    with pytest.raises(InputError, match='evaluate on an index with verdicts'):
        evaluate(samples, 1)


def evaluate_in(rank, world_size, path):
    torch.distributed.init_process_group(
        'gloo', f'file://{path}.rendezvous', rank=rank, world_size=world_size
    )
    samples = make_samples()
    # As a distributed sampler deals them out: round robin, padded from the beginning.
    mine = [
        samples[i % len(samples)]
        for i in range(rank, -(-61 // world_size) * world_size, world_size)
    ]
    values = evaluate(mine, len(samples))
    if rank == 0:
        torch.save(values, path)
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize('world_size', [2, 4])
def test_several_processes_give_exactly_the_same(tmp_path, monkeypatch, world_size):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / 'values.pth'
    mp.spawn(evaluate_in, (world_size, path), nprocs=world_size)
    assert torch.load(path) == evaluate(make_samples(), 61)
