"""How often a machine gives each class, and how often it is right (no MM imports).

Section 4.1, Table 1 and Figure 4 of the paper as arrays.
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

from mmnoisy.datasets.csr import Csr

OTHERS = 'others'

BLOCK = 2**19
"""Labels looked at together; some 40 MB of temporary arrays."""


class LabelCounts(NamedTuple):
    """Counts by class, each (C,) int64.

    Attributes:
        machine: machine labels.
        present: verdicts, present.
        absent: verdicts, absent.
        correct: machine labels with the verdict present.
        wrong: machine labels with the verdict absent.
    """

    machine: np.ndarray
    present: np.ndarray
    absent: np.ndarray
    correct: np.ndarray
    wrong: np.ndarray

    @property
    def quality(self) -> np.ndarray:
        """(C,) share of the rated machine labels that are correct; NaN where none is rated.

        The annotation quality of Figure 4(b): the probability that an image which the machine
        gave a class contains it.
        """
        rated = self.correct + self.wrong
        unknown = np.full(len(rated), np.nan)
        return np.divide(self.correct, rated, out=unknown, where=rated > 0)


class CategoryRow(NamedTuple):
    """One row of Table 1.

    Attributes:
        category: its name.
        classes: classes in the class list.
        rated_classes: those of them with a verdict.
        annotations: verdicts.
        machine_labels: machine labels, rated or not.
        correct: share of the rated machine labels that are correct; NaN where none is rated.
    """

    category: str
    classes: int
    rated_classes: int
    annotations: int
    machine_labels: int
    correct: float


def count_labels(noisy: Csr, verdicts: Csr, num_classes: int) -> LabelCounts:
    """Counts labels and verdicts by class, some images at a time.

    Args:
        noisy: (N x C) machine labels; the order within a row does not matter.
        verdicts: (N x C) verdicts, True = present; a pair need not be a machine label.
        num_classes: C.
    """
    totals = np.zeros((len(LabelCounts._fields), num_classes), np.int64)
    for first, last in _blocks(noisy.start, verdicts.start):
        machine, rated = _rows(noisy, first, last), _rows(verdicts, first, last)
        listed = np.zeros(len(rated.label), bool)
        if len(listed):
            cells, machine_cells = _cells(rated, num_classes), _cells(machine, num_classes)
            listed = np.isin(cells, machine_cells, assume_unique=True)
        present = rated.value.astype(bool)
        groups = LabelCounts(
            machine.label,
            rated.label[present],
            rated.label[~present],
            rated.label[present & listed],
            rated.label[~present & listed],
        )
        totals += [np.bincount(label, minlength=num_classes) for label in groups]
    return LabelCounts(*totals)


def add_counts(counts: Iterable[LabelCounts]) -> LabelCounts:
    """The counts of several sets of images, at least one, taken together."""
    return LabelCounts(*(np.sum(arrays, axis=0) for arrays in zip(*counts)))


def group_classes(class_categories: Sequence[Sequence[str]]) -> Dict[str, np.ndarray]:
    """The classes of each category.

    Args:
        class_categories: (C) the categories of each class, any number of them.

    Returns:
        The ids, ascending, by category; the categories in alphabetical order, and at last
        ``others`` with the classes that have none, if there are any.
    """
    groups: Dict[str, List[int]] = {}
    for k, categories in enumerate(class_categories):
        for category in set(categories) or {OTHERS}:
            groups.setdefault(category, []).append(k)
    names = sorted(groups, key=lambda name: (name == OTHERS, name))
    return {name: np.array(groups[name]) for name in names}


def category_rows(
    groups: Dict[str, np.ndarray], machine: np.ndarray, rated: LabelCounts
) -> List[CategoryRow]:
    """Table 1 of the paper, with a last row ``total`` in which every class counts once.

    Args:
        groups: class ids by category, of :func:`group_classes`.
        machine: (C,) machine labels of the whole data set, by class.
        rated: the counts of the images with verdicts.
    """
    rows = []
    for category, k in {**groups, 'total': np.arange(len(machine))}.items():
        annotations = rated.present[k] + rated.absent[k]
        correct, wrong = int(rated.correct[k].sum()), int(rated.wrong[k].sum())
        rows.append(
            CategoryRow(
                category,
                classes=len(k),
                rated_classes=int((annotations > 0).sum()),
                annotations=int(annotations.sum()),
                machine_labels=int(machine[k].sum()),
                correct=correct / (correct + wrong) if correct + wrong else float('nan'),
            )
        )
    return rows


def _blocks(*starts: np.ndarray) -> Iterator[Tuple[int, int]]:
    """Ranges of rows that hold about ``BLOCK`` labels or less in each of the matrices."""
    cuts = [np.searchsorted(start, np.arange(0, start[-1], BLOCK)) for start in starts]
    bounds = np.unique(np.concatenate([[0, len(starts[0]) - 1], *cuts])).tolist()
    yield from zip(bounds, bounds[1:])


def _rows(matrix: Csr, first: int, last: int) -> Csr:
    start = matrix.start[first : last + 1]
    where = slice(start[0], start[-1])
    return Csr(start, matrix.label[where], matrix.value[where])


def _cells(matrix: Csr, num_classes: int) -> np.ndarray:
    """(nnz,) int64, one number for each (row, class)."""
    row = np.repeat(np.arange(len(matrix.start) - 1), np.diff(matrix.start))
    return row * num_classes + matrix.label
