"""From which score on a label is given, for each class (pure NumPy)."""

from __future__ import annotations

from typing import Tuple

import numpy as np

from mmnoisy.errors import InputError

MAX_CANDIDATES = 1000


def choose_thresholds(
    score: np.ndarray,
    present: np.ndarray,
    class_id: np.ndarray,
    num_classes: int,
    precision: float | None = None,
    prior: float = 20,
    lowest: float = 0,
) -> np.ndarray:
    """Thresholds for a wanted precision, or for the best F1; a label is given from there on.

    Most classes have too few verdicts to be judged alone. So each one gets ``prior`` more, spread
    like those of all classes together: a class without any verdict has exactly the threshold that
    suits all classes as one, a class with many its own.

    Args:
        score: (P,) of pairs whose truth is known, in [0, 1].
        present: (P,) bool, the truth.
        class_id: (P,) integers in [0, C).
        num_classes: the number of classes, C.
        precision: in (0, 1], the lowest threshold that reaches it is taken, 1 where none does;
            None for the threshold of the highest F1.
        prior: above 0.
        lowest: no threshold is below; absent pairs with such scores may be left out.

    Returns:
        (C,) thresholds in [0, 1], each the score of a pair (of up to 1,000 quantiles).

    Raises:
        InputError: no pair that could be given is present, or all classes together reach the
            precision nowhere.
    """
    tried = score >= lowest
    if not present[tried].any():
        raise InputError(
            'none of the verified pairs with a score is present, so there is nothing to choose '
            'thresholds by; check that the checkpoint was trained, and give an index with verdicts'
        )
    grid = _candidates(score[tried])
    given, right = _given(score[tried], present[tried], class_id[tried], num_classes, grid)
    found = np.bincount(class_id[present], minlength=num_classes)[:, None]
    given, right, found = (
        count + prior / len(score) * count.sum(0, keepdims=True) for count in (given, right, found)
    )
    if precision is None:
        return grid[(2 * right / (given + found)).argmax(1)]
    best = float((right.sum(0) / given.sum(0)).max())
    if best < precision * (1 - 1e-12):
        raise InputError(
            f'a precision of {precision:g} is reached by no threshold; the best, over all classes '
            f'together, is {best:.3f}: ask for less'
        )
    reached = right >= precision * given * (1 - 1e-12)  # also where rounding says just not
    return np.where(reached.any(1), grid[reached.argmax(1)], 1.0)


def _candidates(score: np.ndarray) -> np.ndarray:
    """Scores to try as thresholds, ascending."""
    grid = np.unique(score)
    if len(grid) > MAX_CANDIDATES:
        shares = np.linspace(0, 1, MAX_CANDIDATES)
        grid = np.unique(np.quantile(score, shares, method='lower'))
    return grid.astype(np.float64)


def _given(
    score: np.ndarray, present: np.ndarray, class_id: np.ndarray, num_classes: int, grid: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Labels that each threshold gives, and how many of them are right; both (C, G)."""
    shape = (num_classes, len(grid))
    cell = class_id.astype(np.int64) * len(grid) + np.searchsorted(grid, score, 'right') - 1

    def from_there_on(cells: np.ndarray) -> np.ndarray:
        counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
        return counts[:, ::-1].cumsum(1)[:, ::-1]

    return from_there_on(cell), from_there_on(cell[present])
