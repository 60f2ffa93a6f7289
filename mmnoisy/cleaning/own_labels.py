"""The labels of indexes in the words of their owner, to be written in any format (pure)."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from mmnoisy.datasets.csr import Csr, to_csr
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.sources.base import Kind, LabelTable


def with_verdicts(index: LabelIndex, before: LabelIndex) -> LabelIndex:
    """An index whose verdicts have the last word: what is verified absent is no label.

    A label that is verified present has its confidence of before; one that was not there gets 1.

    Args:
        index: with cleaned labels.
        before: the same images with the labels as they were.
    """
    num_images, num_classes = len(index), len(index.classes)
    cells, verified = (_cells(matrix, num_classes) for matrix in (index.noisy, index.verdicts))
    present = index.verdicts.value
    kept = ~np.isin(cells, verified[~present])
    added = np.setdiff1d(verified[present], cells)
    image, label = np.divmod(np.concatenate([cells[kept], added]), num_classes)
    given = _cells(before.noisy, num_classes)
    _, which, of_given = np.intersect1d(added, given, return_indices=True)
    confidence = np.ones(len(added), np.float32)
    confidence[which] = before.noisy.value[of_given]
    value = np.concatenate([index.noisy.value[kept], confidence])
    one = np.ones(len(image), np.int64)
    noisy = to_csr(image, one, label, value, (num_images, num_classes), np.maximum)
    return LabelIndex(index.image_ids, noisy, index.verdicts, index.info, index.usable, index.paths)


def own_labels(indexes: Sequence[LabelIndex], kind: Kind = 'noisy') -> LabelTable:
    """The noisy labels, or the verdicts, of indexes of the same classes, image by image."""
    matrices = [index.noisy if kind == 'noisy' else index.verdicts for index in indexes]
    first = np.cumsum([0, *map(len, indexes)])
    image = [
        begin + np.repeat(np.arange(len(index)), np.diff(matrix.start))
        for begin, index, matrix in zip(first, indexes, matrices)
    ]
    return LabelTable(
        [image_id for index in indexes for image_id in index.image_ids],
        indexes[0].classes,
        np.concatenate(image),
        np.concatenate([matrix.label for matrix in matrices]),
        np.concatenate([matrix.value for matrix in matrices]),
        layout={},
    )


def _cells(matrix: Csr, num_classes: int) -> np.ndarray:
    """(nnz,) int64, image times classes plus class."""
    image = np.repeat(np.arange(len(matrix.start) - 1), np.diff(matrix.start))
    return image * num_classes + matrix.label
