from itertools import chain, zip_longest

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from hypothesis import given
from hypothesis import strategies as st
from mmengine.dataset import DefaultSampler, pseudo_collate
from mmengine.dist import get_dist_info
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS
from sklearn.metrics import average_precision_score
from torch.utils.data import DataLoader

from mmnoisy import InputError
from mmnoisy.evaluation import VerifiedAveragePrecision
from mmnoisy.evaluation.verified_average_precision import images_kept

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


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_scores_that_are_not_finite_are_an_error(value):
    samples = make_samples()
    for i in (8, 3, 40):
        samples[i]['pred_score'][11] = value  # a class that nobody verified
    with pytest.raises(
        InputError, match=r'3 of 61 images have .* not finite, the first is number 3'
    ):
        evaluate(samples, len(samples))
    samples[3]['img_path'] = 'train/0003.jpg'
    with pytest.raises(InputError, match=r'the first is train/0003\.jpg'):
        evaluate(samples, len(samples))


@pytest.mark.parametrize('dtype', [torch.uint8, torch.int64, torch.bool, torch.float16])
def test_scores_of_any_type(dtype):
    samples = make_samples()
    for sample in samples:
        sample['pred_score'] = (sample['pred_score'] * (1 if dtype is torch.bool else 200)).to(
            dtype
        )
    ap_all, _ = expected_values(samples)
    assert evaluate(samples, len(samples))['AP_all'] == pytest.approx(ap_all)


def test_scores_of_the_wrong_shape_are_an_error():
    samples = make_samples()
    few = [{**sample, 'pred_score': sample['pred_score'][:5]} for sample in samples]
    with pytest.raises(InputError, match='verdict on class 9, but the model scores 5 classes'):
        evaluate(few, len(few))
    with pytest.raises(InputError, match=r'shape \(5,\), \(12,\)'):
        evaluate([few[0], *samples], 62)
    square = [{**sample, 'pred_score': sample['pred_score'][None]} for sample in samples]
    with pytest.raises(InputError, match=r'shape \(1, 12\)'):
        evaluate(square, len(square))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(0, 50))
def test_the_images_kept_are_those_of_collect_results(counts, size):
    images = [[(process, k) for k in range(count)] for process, count in enumerate(counts)]
    in_turns = [image for image in chain.from_iterable(zip_longest(*images)) if image is not None]
    expected = [[image for image in in_turns[:size] if image[0] == p] for p in range(len(counts))]
    kept = images_kept(counts, size)
    assert [of_process[:n] for of_process, n in zip(images, kept)] == expected


def deal_out(num_images, how):
    """The images of this process, in batches."""
    rank, world_size = get_dist_info()
    if how == 'all to the last':
        return [range(num_images)] if rank == world_size - 1 else []
    sampler = DefaultSampler(range(num_images), shuffle=False, round_up=how == 'round up')
    return DataLoader(range(num_images), 7, sampler=sampler, collate_fn=pseudo_collate)


DEALT_OUT = [
    (num_images, how, device)
    for num_images in (61, 3)  # uneven shards; fewer images than processes
    for how in ('round up', 'uneven', 'all to the last')
    for device in ('cpu', 'gpu')  # through files; through the process group
]


def evaluate_in(rank, path, world_size):
    """Evaluates in one of several processes, and saves all values.

    The process ends without leaving the group: PyTorch 2.6 now and then waits for ever there.
    """
    torch.distributed.init_process_group(
        'gloo', f'file://{path}/meeting{world_size}', rank=rank, world_size=world_size
    )
    values = {}
    for num_images, how, device in DEALT_OUT:
        samples = make_samples(num_images)
        metric = VerifiedAveragePrecision(collect_device=device)
        for batch in deal_out(num_images, how):
            metric.process(None, [samples[i] for i in batch])
        values[num_images, how, device] = metric.evaluate(num_images)
    torch.save(values, path / f'values{rank}of{world_size}.pth')


def test_several_processes_give_exactly_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Imports once for all processes: they take most of the time.
    mp.set_forkserver_preload(['mmnoisy', 'sklearn.metrics'])
    expected = {n: evaluate(make_samples(n), n) for n in (61, 3)}
    for world_size in (4, 2, 1):
        mp.start_processes(
            evaluate_in, (tmp_path, world_size), nprocs=world_size, start_method='forkserver'
        )
        for rank in range(world_size):
            assert torch.load(tmp_path / f'values{rank}of{world_size}.pth') == {
                dealt: expected[dealt[0]] for dealt in DEALT_OUT
            }


def test_what_travels_is_pairs_without_padding(monkeypatch):
    samples = make_samples()
    metric = VerifiedAveragePrecision()
    metric.process(None, samples + samples[:3])
    handed_over = []
    monkeypatch.setattr(
        BaseMetric, 'evaluate', lambda self, size: handed_over.append((self.results, size))
    )
    metric.evaluate(len(samples))
    [([(num_pairs, pairs)], world_size)] = handed_over
    assert world_size == 1
    verdicts = [(s['verified_pos'], s['verified_neg']) for s in samples]
    assert num_pairs.tolist() == [len(present) + len(absent) for present, absent in verdicts]
    assert pairs.nbytes == 9 * num_pairs.sum()
    assert pairs.tolist() == [
        (k, sample['pred_score'][k], is_present)
        for sample in samples
        for key, is_present in (('verified_pos', True), ('verified_neg', False))
        for k in sample[key].tolist()
    ]
