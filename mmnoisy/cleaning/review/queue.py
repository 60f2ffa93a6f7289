"""The labels to ask about, from the scores of all blocks of an index."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Iterable, List, NamedTuple, Tuple

import numpy as np

from mmnoisy.class_names import distinct_names
from mmnoisy.cleaning.pairs import PAIR, Rule, clip, match_verdicts, pairs_of
from mmnoisy.cleaning.review.error_model import ErrorModel
from mmnoisy.cleaning.review.ranking import (
    diversified,
    expected_value,
    fair_share,
    rank_within,
)
from mmnoisy.cleaning.scorer import Scorer
from mmnoisy.cleaning.streams import number_texts
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.csv_blocks import LABEL_COLUMNS
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import write_csv
from mmnoisy.wording import counted

COLUMNS = (
    'Rank',
    'ImageID',
    'LabelName',
    'DisplayName',
    'Confidence',
    'Cleaned',
    'Score',
    'ProbabilityWrong',
    'Value',
)


class Queue(NamedTuple):
    """n labels, the one to ask about first first.

    Attributes:
        pairs: (n,) of type ``PAIR``, ``image`` being the row of the index.
        wrong: (n,) probability that the label is wrong.
        value: (n,) what asking about it is worth.
    """

    pairs: np.ndarray
    wrong: np.ndarray
    value: np.ndarray

    def take(self, positions: np.ndarray) -> Queue:
        """The labels at positions, in that order."""
        return Queue(*(array[positions] for array in self))


def label_scores(scorer: Scorer, images: np.ndarray) -> np.ndarray:
    """The noisy labels of some images as pairs with their scores.

    Args:
        scorer: a model and the index.
        images: their numbers in the data set.

    Returns:
        (P,) of type ``PAIR``, ``image`` being the row of the index.
    """
    parts = [np.zeros(0, PAIR)]
    every_class = np.ones(scorer.num_classes, bool)
    for rows, scores in scorer([slice(0, len(scorer.index))]):
        noisy = scorer.index.noisy.take(np.arange(rows.start, rows.stop))
        pairs = pairs_of(noisy, scores, every_class, Rule(max_added=0))
        pairs['image'] += np.uint32(rows.start)
        parts.append(pairs[np.isin(pairs['image'], scorer.rows[images])])
    return np.concatenate(parts)


def best_labels(
    blocks: Iterable[np.ndarray],
    block_images: int,
    model: ErrorModel,
    size: int,
    share: float,
) -> Queue:
    """The review queue of an index, with one block in memory at a time.

    Args:
        blocks: the noisy labels of each block as pairs.
        block_images: images of a block.
        model: tells how likely a label is wrong.
        size: length of the queue.
        share: of a class in it, see :func:`diversified`.
    """
    best = Queue(np.zeros(0, PAIR), np.zeros(0), np.zeros(0))
    for number, pairs in enumerate(blocks):
        pairs = pairs[~np.isnan(pairs['raw'])]
        pairs['image'] += np.uint32(number * block_images)
        wrong = model(pairs)
        more = Queue(pairs, wrong, expected_value(wrong, pairs['score']))
        best = Queue(*map(np.concatenate, zip(best, more)))
        order = np.argsort(-best.value, kind='stable')
        label = best.pairs['label'][order]
        most = int(max(share, fair_share(label)) * size) + 1  # of a class by its share
        rank = np.arange(len(order))  # of what may fill the queue
        kept = order[(rank_within(label) < most) | (rank < size)]
        best = best.take(np.sort(kept))
    return best.take(diversified(best.value, best.pairs['label'], size, share))


def rated_labels(
    blocks: Iterable[np.ndarray], block_images: int, index: LabelIndex
) -> Tuple[np.ndarray, np.ndarray]:
    """The noisy labels that have a verdict, as pairs (P,), and (P,) whether they are wrong."""
    parts, verdicts = [np.zeros(0, PAIR)], [np.zeros(0, bool)]
    for number, pairs in enumerate(blocks):
        first = number * block_images
        rows = np.arange(first, min(first + block_images, len(index)))
        rated, wrong = match_verdicts(pairs, index.verdicts.take(rows), len(index.classes))
        rated &= ~np.isnan(pairs['raw'])
        pairs['image'] += np.uint32(first)
        parts.append(pairs[rated])
        verdicts.append(wrong[rated])
    return np.concatenate(parts), np.concatenate(verdicts)


def require_unfilled(path: Path) -> None:
    """Refuses to write over verdicts that somebody has filled in.

    Raises:
        InputError: the file has some.
    """
    if not path.is_file():
        return
    with open(path, encoding='utf-8-sig', errors='replace', newline='') as file:
        filled = sum(bool(row[3:] and row[3].strip()) for row in csv.reader(file)) - 1
    if filled > 0:
        raise InputError(
            f'{path}: has {counted(filled, "verdict")} filled in, which a new queue would write '
            'over; feed them back first and move the file, or write elsewhere with --out'
        )


def write_queue(queue: Queue, index: LabelIndex, out: Path) -> None:
    """Writes ``review.csv``, and ``verdicts.csv`` to fill in and to feed back.

    The second has the columns of Open Images; its confidences are empty and to become 1 where
    the label is right and 0 where it is not. Rows left empty say nothing.
    """
    pairs = queue.pairs
    ids = [*index.image_ids[pairs['image']]]
    labels = pairs['label'].tolist()
    mids = [index.classes[k] for k in labels]
    names = distinct_names(index.classes, index.info['class_names'])
    columns = [
        [str(k) for k in range(1, len(ids) + 1)],
        ids,
        mids,
        [names[k] for k in labels],
        number_texts(pairs['before']),
        *(_digits(v) for v in (clip(pairs['raw']), pairs['score'], queue.wrong, queue.value)),
    ]
    write_csv(out / 'review.csv', COLUMNS, zip(*columns))
    write_csv(
        out / 'verdicts.csv', LABEL_COLUMNS, ((i, 'verification', m, '') for i, m in zip(ids, mids))
    )


def _digits(values: np.ndarray) -> List[str]:
    return [f'{value:.4f}' for value in values.tolist()]
