"""How many errors each order of asking finds, on labels whose verdicts no model has seen."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from mmnoisy.cleaning.review.ranking import diversified, errors_found, expected_value
from mmnoisy.errors import InputError
from mmnoisy.evaluation.bootstrap import bootstrap_sums, image_counts

BUDGETS = (100, 250, 500, 1000, 2500, 5000)
COLUMNS = (
    'order',
    'asked',
    'errors_found',
    'precision',
    'share_of_errors',
    'times_random',
    'precision_half_width',
)

_IMAGES_AT_ONCE = 1000


class Found(NamedTuple):
    """The errors that one order of asking finds within a budget.

    ``precision_half_width`` is half of the 95 % interval of the precision by the bootstrap over
    the images of the labels that are asked about, the order being given.
    """

    order: str
    asked: int
    errors: float
    precision: float
    share_of_errors: float
    times_random: float
    precision_half_width: float


def compare_orders(
    pairs: np.ndarray,
    probability: np.ndarray,
    wrong: np.ndarray,
    share: float,
    num_classes: int,
    size: int,
) -> List[Found]:
    """Errors found by the queue, at random, by the classifier's score and by cleanlab.

    Cleanlab gets the same scores as the queue, the probabilities that the labels are right.

    Args:
        pairs: (P,) of type ``PAIR``, rated labels.
        probability: (P,) that a label is wrong.
        wrong: (P,) bool, by verdicts.
        share: of a class in the queue, see :func:`diversified`.
        num_classes: C.
        size: of the queue, a budget beside those of :data:`BUDGETS`.

    Raises:
        InputError: cleanlab is missing.
    """
    value = expected_value(probability, pairs['score'])
    orders: Dict[str, np.ndarray] = {
        'review queue': diversified(value, pairs['label'], len(pairs), share),
        'review queue, one class may fill it': np.argsort(-value, kind='stable'),
        'classifier score': np.argsort(pairs['score'], kind='stable'),
        **cleanlab_orders(pairs, 1 - probability, num_classes),
    }
    budgets = np.array(sorted({*(k for k in BUDGETS if k <= len(pairs)), min(size, len(pairs))}))
    total = max(int(wrong.sum()), 1)
    at_random = budgets * wrong.mean()
    every = half_width(pairs, wrong)
    rows = [('random order', at_random, [every] * len(budgets))]
    for name, order in orders.items():
        widths = [half_width(pairs[order[:k]], wrong[order[:k]]) for k in budgets]
        rows.append((name, errors_found(order, wrong, budgets), widths))
    return [
        Found(name, int(k), float(n), float(n / k), float(n / total), float(n / max(r, 1e-9)), w)
        for name, found, widths in rows
        for k, n, r, w in zip(budgets, found, at_random, widths)
    ]


def half_width(pairs: np.ndarray, wrong: np.ndarray) -> float:
    """Half of the 95 % interval of the share of labels (P,) that are wrong, over images."""
    images, image = np.unique(pairs['image'], return_inverse=True)
    counts = image_counts(len(images))
    errors, asked = (bootstrap_sums(v, image, counts)[0] for v in (wrong, np.ones(len(wrong))))
    return 1.96 * float(np.std(errors / asked, ddof=1))


def cleanlab_orders(
    pairs: np.ndarray, right: np.ndarray, num_classes: int
) -> Dict[str, np.ndarray]:
    """Cleanlab's multi-label rankings: label by label, and image by image.

    Args:
        pairs: (P,) of type ``PAIR``, ascending by image or not.
        right: (P,) probability that the label is right.
        num_classes: C.

    Returns:
        (P,) positions of labels, worst first, by name; the labels of an image that is ranked as
        a whole come in the order of their own scores.

    Raises:
        InputError: cleanlab is missing.
    """
    try:
        from cleanlab.multilabel_classification import rank
    except ImportError as error:
        raise InputError("cleanlab is missing: pip install 'mmnoisy[review]'") from error
    images, image = np.unique(pairs['image'], return_inverse=True)
    of_label, of_image = np.empty(len(pairs)), np.empty(len(images))
    order = np.argsort(image, kind='stable')
    for first in range(0, len(images), _IMAGES_AT_ONCE):
        last = min(first + _IMAGES_AT_ONCE, len(images))
        here = order[slice(*np.searchsorted(image[order], [first, last]))]
        row, label = image[here] - first, pairs['label'][here].astype(np.int64)
        # Cleanlab takes one class alone for labels of another kind.
        probabilities = np.zeros((last - first, max(num_classes, 2)))
        probabilities[row, label] = right[here]
        of_one_image = np.split(label, np.flatnonzero(np.diff(row)) + 1)
        labels = [np.sort(part).tolist() for part in of_one_image]
        scores = rank.get_label_quality_scores_per_class(labels, probabilities)
        of_label[here] = np.asarray(scores)[row, label]
        of_image[first:last] = rank.get_label_quality_scores(labels, probabilities)
    return {
        'cleanlab, labels, same scores': np.argsort(of_label, kind='stable'),
        'cleanlab, images, same scores': np.lexsort((of_label, of_image[image])),
    }


def comparison_rows(found: Sequence[Found]) -> List[List[str]]:
    """The rows of a CSV file with the columns ``COLUMNS``."""
    return [
        [f.order, str(f.asked), f'{f.errors:g}', *(f'{value:.4f}' for value in f[3:])]
        for f in found
    ]
