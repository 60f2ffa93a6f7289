"""T, V and test of the images of a project: the first split, and more verdicts later (pure)."""

from __future__ import annotations

import hashlib
from typing import Dict, NamedTuple, Optional, Sequence

import numpy as np

from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.csr import Csr
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.index_builder import overlaid


def split(
    index: LabelIndex, listed: np.ndarray, groups: Optional[Sequence[str]], test_share: float
) -> Dict[str, LabelIndex]:
    """T, V and test of all images.

    Args:
        index: of all images.
        listed: rows of those that the file of noisy labels names; negative ones do not count.
        groups: (N) of the images; None where each is its own.
        test_share: of the verified images.
    """
    verified = np.diff(index.verdicts.start) > 0
    rows = np.flatnonzero(verified)
    of_rows = [*index.image_ids[rows]] if groups is None else [groups[k] for k in rows.tolist()]
    # Whole groups in the order of their hashes, until there are enough images.
    names, group = np.unique(np.array(of_rows, object), return_inverse=True)
    order = np.argsort([hashlib.sha256(name.encode()).hexdigest() for name in names])
    size = np.bincount(group, minlength=len(names))[order]
    wanted = max(1, round(test_share * int(verified.sum())))
    tested = {*names[order[np.cumsum(size) - size < wanted]]}
    in_test = np.zeros(len(index), bool)
    if groups is None:
        in_test[rows] = [name in tested for name in of_rows]
    else:
        in_test[:] = [name in tested for name in groups]
    in_t = np.zeros(len(index), bool)
    in_t[listed[listed >= 0]] = True
    masks = (in_t & ~verified & ~in_test, verified & ~in_test, verified & in_test)
    parts = {name: index.select(mask) for name, mask in zip(SUBSETS, masks)}
    for name, part in parts.items():
        part.info = {**index.info, 'subset': name}
    return parts


class Added(NamedTuple):
    """The sets with more verdicts.

    Attributes:
        indexes: T and V.
        moved: images of T that belong to V from now on.
        more: images of V with other verdicts than before.
    """

    indexes: Dict[str, LabelIndex]
    moved: int
    more: int


def add_verdicts(
    train: LabelIndex, validation: LabelIndex, image: np.ndarray, verdicts: Csr
) -> Added:
    """T and V with further verdicts; the images of T that have any belong to V from now on.

    Args:
        train: T.
        validation: V.
        image: (n,) numbers of the images with verdicts: rows of T, and after them those of V.
        verdicts: on these n images, (n x C); they take the place of older ones.
    """
    rated = np.zeros(len(train) + len(validation), bool)
    rated[image] = True
    in_t = rated[: len(train)]
    joined = validation.join(train.select(in_t))
    ids = [index.image_ids for index in (train, validation)]
    row = np.full(len(rated), -1)
    for first, of_set in zip((0, len(train)), ids):
        row[first : first + len(of_set)] = joined.image_ids.rows(of_set)
    order = np.argsort(row[image])
    new = verdicts.take(order)
    count = np.zeros(len(joined), np.int64)
    count[row[image][order]] = np.diff(new.start)
    new = Csr(np.append(0, np.cumsum(count)), new.label, new.value)
    joined.verdicts = overlaid(joined.verdicts, new, (len(joined), len(joined.classes)))
    return Added(
        {'train': train.select(~in_t), 'validation': joined},
        int(in_t.sum()),
        int(rated[len(train) :].sum()),
    )
