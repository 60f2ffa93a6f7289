"""Average precision on verified pairs: VerifiedAveragePrecision against scikit-learn.

As many pairs as Open Images' test set has, with classes by Zipf's law. Ours is AP_all and MAP; the
alternative is a loop of average_precision_score over the classes, which finds their pairs already
apart. MMPretrain's AveragePrecision, which keeps every score of every image, is measured at a size
that fits in memory, beside ours at that size. Models and their scores are not part of the times.
"""

from __future__ import annotations

import tracemalloc
from argparse import ArgumentParser, Namespace
from typing import Callable, Iterable, Iterator, List, NamedTuple, Tuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.evaluation import AveragePrecision
from sklearn.metrics import average_precision_score

from benchmarks.numbers import require_at_least
from benchmarks.timing import in_turns, result
from mmnoisy.errors import InputError
from mmnoisy.evaluation import VerifiedAveragePrecision, average_precision

GOAL = 0.2
DENSE_IMAGES, DENSE_CLASSES = 5_000, 600
BATCH = 128
# Images share this many rows of scores; a row for each would take gigabytes.
ROWS = 1_000


class Pairs(NamedTuple):
    """Verified (image, class) pairs, image by image, and the scores of all classes."""

    image: np.ndarray  # (P,), rising
    class_id: np.ndarray  # (P,)
    present: np.ndarray  # (P,) bool
    scores: torch.Tensor  # (ROWS, C), image i has row i % ROWS
    num_images: int


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the options of this benchmark."""
    parser.add_argument('--pairs', type=int, default=1_690_000, help='default 1,690,000')
    parser.add_argument('--images', type=int, default=125_436, help='default 125,436')
    parser.add_argument('--classes', type=int, default=6_012, help='default 6,012')
    parser.add_argument('--repeats', type=int, default=5, help='default 5')


def run(args: Namespace) -> dict:
    """Times the evaluation of pairs whose scores are known.

    Raises:
        InputError: a number is not positive, or there are more pairs than images times classes.
    """
    require_at_least(args, pairs=1, images=1, classes=1, repeats=1)
    if args.pairs > args.images * args.classes:
        most = args.images * args.classes
        raise InputError(f'--pairs {args.pairs}: give at most images times classes, {most}')
    pairs = draw_pairs(args.images, args.classes, args.pairs)
    by_class = _apart(pairs)
    peak = _peak_mb(pairs)
    ours, alternative = in_turns(
        _evaluation(VerifiedAveragePrecision(), _verified(pairs), args.images),
        lambda: _loop(by_class),
        args.repeats,
    )
    per_image = args.pairs / args.images
    few = draw_pairs(
        DENSE_IMAGES, DENSE_CLASSES, round(DENSE_IMAGES * min(per_image, DENSE_CLASSES))
    )
    dense_ours, dense_mmpretrain = in_turns(
        _evaluation(VerifiedAveragePrecision(), _verified(few), DENSE_IMAGES),
        _evaluation(AveragePrecision(), _dense(few), DENSE_IMAGES),
        args.repeats,
    )
    return result(
        'metric',
        ours,
        alternative,
        GOAL,
        ours_peak_mb=peak,
        largest_difference=_largest_difference(pairs, by_class),
        dense_ours=dense_ours,
        dense_mmpretrain=dense_mmpretrain,
        dense_images=DENSE_IMAGES,
        dense_classes=DENSE_CLASSES,
        pairs=args.pairs,
        images=args.images,
        classes=args.classes,
        repeats=args.repeats,
    )


def draw_pairs(num_images: int, num_classes: int, num_pairs: int) -> Pairs:
    """Draws pairs without a double one; a higher score is more often present."""
    rng = np.random.default_rng(0)
    weight = 1 / np.arange(10, 10 + num_classes)
    keys = np.empty(0, np.int64)
    while len(keys) < num_pairs:
        image = rng.integers(num_images, size=num_pairs)
        class_id = rng.choice(num_classes, num_pairs, p=weight / weight.sum())
        keys = np.union1d(keys, image * num_classes + class_id)
    image, class_id = np.divmod(np.sort(rng.choice(keys, num_pairs, False)), num_classes)
    scores = rng.random((ROWS, num_classes), np.float32)
    present = rng.random(num_pairs) < scores[image % ROWS, class_id]
    return Pairs(image, class_id, present, torch.from_numpy(scores), num_images)


def _samples(pairs: Pairs) -> Iterator[Tuple[torch.Tensor, np.ndarray, np.ndarray]]:
    """The scores, class ids and verdicts of each image."""
    bounds = np.searchsorted(pairs.image, np.arange(pairs.num_images + 1))
    for i, (begin, end) in enumerate(zip(bounds, bounds[1:])):
        yield pairs.scores[i % ROWS], pairs.class_id[begin:end], pairs.present[begin:end]


def _verified(pairs: Pairs) -> Iterator[dict]:
    for scores, ids, present in _samples(pairs):
        yield dict(pred_score=scores, verified_pos=ids[present], verified_neg=ids[~present])


def _dense(pairs: Pairs) -> Iterator[dict]:
    for scores, ids, present in _samples(pairs):
        truth = torch.full(scores.shape, -1)
        truth[torch.from_numpy(ids)] = torch.from_numpy(present).long()
        yield dict(pred_score=scores, gt_score=truth)


def _feed(metric: BaseMetric, samples: Iterable[dict]) -> None:
    batch: List[dict] = []
    for sample in samples:
        batch.append(sample)
        if len(batch) == BATCH:
            metric.process(None, batch)
            batch = []
    if batch:
        metric.process(None, batch)


def _evaluation(metric: BaseMetric, samples: Iterable[dict], size: int) -> Callable[[], dict]:
    """The evaluation of samples that the metric has seen, again at every call."""
    _feed(metric, samples)
    seen = list(metric.results)

    def evaluate() -> dict:
        metric.results = list(seen)
        return metric.evaluate(size)

    return evaluate


def _peak_mb(pairs: Pairs) -> float:
    """Memory of ours from the first batch to the values."""
    tracemalloc.start()
    metric = VerifiedAveragePrecision()
    _feed(metric, _verified(pairs))
    metric.evaluate(pairs.num_images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def _apart(pairs: Pairs) -> List[Tuple[np.ndarray, np.ndarray]]:
    """Verdicts and scores of every class with a pair that is present."""
    order = np.argsort(pairs.class_id, kind='stable')
    bounds = np.flatnonzero(np.diff(pairs.class_id[order])) + 1
    score = pairs.scores.numpy()[pairs.image % ROWS, pairs.class_id]
    classes = zip(np.split(pairs.present[order], bounds), np.split(score[order], bounds))
    return [(present, score) for present, score in classes if present.any()]


def _loop(by_class: List[Tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    return np.array([average_precision_score(present, score) for present, score in by_class])


def _largest_difference(pairs: Pairs, by_class: List[Tuple[np.ndarray, np.ndarray]]) -> float:
    score = pairs.scores.numpy()[pairs.image % ROWS, pairs.class_id]
    ap = average_precision(score, pairs.present, pairs.class_id)
    return float(abs(ap[~np.isnan(ap)] - _loop(by_class)).max())
