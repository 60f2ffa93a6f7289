"""A trained model on the test images: every number and array that a report shows."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.evaluator import Evaluator

from mmnoisy.datasets.open_images_features import OpenImagesFeatures
from mmnoisy.evaluation.average_precision import average_precision

BATCH_SIZE = 512
TOP = 5
MOST_CELLS = 50_000_000


class Evaluation(NamedTuple):
    """What a model scores on N images with P verified pairs.

    Attributes:
        metrics: of the config's ``test_evaluator``.
        protocols: ``AP_all`` and ``MAP`` under other rules, see :func:`other_protocols`.
        scores: (P,) float32, of the verified pairs, image by image.
        top: (E, 5) the highest-ranking classes of the example images.
        top_scores: (E, 5) their scores.
        cleaned: (P,) float32, the cleaned labels of the pairs; None without a cleaning head.
    """

    metrics: Dict[str, float]
    protocols: Dict[str, Dict[str, float]]
    scores: np.ndarray
    top: np.ndarray
    top_scores: np.ndarray
    cleaned: Optional[np.ndarray]


@torch.no_grad()
def evaluate(model: Any, dataset: Any, evaluator: Any, examples: Sequence[int] = ()) -> Evaluation:
    """Tests a model, through the metrics of a config.

    Args:
        model: on features.
        dataset: in test mode.
        evaluator: settings of the metrics, the ``test_evaluator`` of the config.
        examples: numbers of E images to look at.
    """
    metrics = Evaluator(evaluator)
    metrics.dataset_meta = dataset.metainfo
    n, num_classes = len(dataset), model.head.num_classes
    # For the rules that count every class of an image: as many images as memory is sure to hold.
    dense = np.empty((min(n, MOST_CELLS // num_classes), num_classes), np.float32)
    pair_scores, pair_cleaned = [], []
    top: Dict[int, np.ndarray] = {}
    for rows, batch, samples in _predicted(model, dataset):
        metrics.process(samples)
        score = torch.stack([sample.pred_score for sample in samples]).cpu().numpy()
        begin = rows[0]
        kept = min(max(len(dense) - begin, 0), len(rows))
        dense[begin : begin + kept] = score[:kept]
        image, label, _ = verified_pairs(dataset, rows)
        pair_scores.append(score[image, label])
        if model.cleaning_head is not None:
            pair_cleaned.append(_cleaned(model, batch)[image, label])
        top.update((row, score[row - begin]) for row in examples if begin <= row <= rows[-1])
    found = metrics.evaluate(n)
    # AP needs no more of the other classes than their order, and examples no more than five.
    best = np.array([top[row] for row in examples]).reshape(len(examples), num_classes)
    order = np.argsort(-best, axis=1, kind='stable')[:, :TOP]
    return Evaluation(
        found,
        other_protocols(found, dense, *verified_pairs(dataset, np.arange(len(dense)))),
        np.concatenate(pair_scores),
        order,
        np.take_along_axis(best, order, axis=1),
        np.concatenate(pair_cleaned) if pair_cleaned else None,
    )


@torch.no_grad()
def scores_of_pairs(model: Any, dataset: Any) -> Tuple[np.ndarray, np.ndarray]:
    """What a model says of the P verified pairs of some images, image by image.

    Args:
        model: on features.
        dataset: in test mode.

    Returns:
        (P,) float32 the scores, and (P,) float32 the cleaned labels, NaN without a cleaning head.
    """
    scores, cleaned = [np.empty(0, np.float32)], [np.empty(0, np.float32)]
    for rows, batch, samples in _predicted(model, dataset):
        image, label, _ = verified_pairs(dataset, rows)
        score = torch.stack([sample.pred_score for sample in samples]).cpu().numpy()
        scores.append(score[image, label])
        known = model.cleaning_head is not None
        cleaned.append(
            _cleaned(model, batch)[image, label] if known else np.full_like(scores[-1], np.nan)
        )
    return np.concatenate(scores), np.concatenate(cleaned)


def _cleaned(model: Any, batch: dict) -> np.ndarray:
    """The cleaned labels of a batch, (B, C)."""
    feats = model.extract_feat(batch['inputs'])
    noisy, _, _ = model.targets(batch['data_samples'], feats[-1].device)
    return model.cleaning_head(feats, noisy).labels.cpu().numpy()


@torch.no_grad()
def all_scores(model: Any, dataset: Any) -> np.ndarray:
    """The scores of all N images and C classes, (N, C) float32.

    Args:
        model: on features.
        dataset: in test mode.
    """
    scores = np.empty((len(dataset), model.head.num_classes), np.float32)
    for rows, _, samples in _predicted(model, dataset):
        scores[rows] = torch.stack([sample.pred_score for sample in samples]).cpu().numpy()
    return scores


def _predicted(model: Any, dataset: Any) -> Iterator[Tuple[np.ndarray, dict, List[Any]]]:
    """Batch by batch the numbers of the images, what the model is given, and what it says."""
    model.eval()
    for begin in range(0, len(dataset), BATCH_SIZE):
        rows = np.arange(begin, min(begin + BATCH_SIZE, len(dataset)))
        batch = model.data_preprocessor(dataset.__getitems__(rows.tolist()))
        yield rows, batch, model(**batch, mode='predict')


def verified_pairs(
    dataset: OpenImagesFeatures, rows: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image (place in ``rows``), class and verdict of the verified pairs of images, (p,) each."""
    csr = dataset.index.verdicts.take(dataset.index_rows(rows))
    image = np.repeat(np.arange(len(rows)), np.diff(csr.start))
    return image, csr.label.astype(np.int64), csr.value


def are_noisy(dataset: OpenImagesFeatures, image: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Which pairs (p,) of :func:`verified_pairs` of all images are noisy labels, bool."""
    index, num_classes = dataset.index, len(dataset.index.classes)
    listed = index.noisy.take(dataset.index_rows(np.arange(len(dataset))))
    cells = np.repeat(np.arange(len(dataset)), np.diff(listed.start)) * num_classes + listed.label
    return np.isin(image * num_classes + label, cells, assume_unique=True)


def other_protocols(
    metrics: Dict[str, float],
    scores: np.ndarray,
    image: np.ndarray,
    label: np.ndarray,
    present: np.ndarray,
) -> Dict[str, Dict[str, float]]:
    """AP_all and MAP under the other rules that people use.

    ``unverified_negative``: a class that nobody rated in an image counts as absent there (over at
    most 50 million image-class cells, the first ones). ``empty_classes_zero``: verified pairs
    only, but a class without a positive has AP 0; where the metrics say how many have one.

    Args:
        metrics: of the config's evaluator.
        scores: (n, C).
        image: (p,) rows of the verified pairs in ``scores``.
        label: (p,) their classes.
        present: (p,) bool, their verdicts.
    """
    n, num_classes = scores.shape
    positive = np.zeros((n, num_classes), bool)
    positive[image, label] = present
    by_class: List[Any] = [
        average_precision(scores[:, k], positive[:, k])[0] for k in range(num_classes)
    ]
    found = {
        'unverified_negative': {
            'AP_all': 100 * float(average_precision(scores.ravel(), positive.ravel())[0]),
            'MAP': 100 * float(np.nanmean(by_class)),
        }
    }
    if {'AP_all', 'MAP', 'num_classes'} <= metrics.keys():
        zero = metrics['MAP'] * metrics['num_classes'] / num_classes
        found['empty_classes_zero'] = {'AP_all': metrics['AP_all'], 'MAP': zero}
    return found
