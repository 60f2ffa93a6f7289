"""Figures on verified labels only, from arrays."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple, Optional

import numpy as np

from mmnoisy.errors import InputError
from mmnoisy.evaluation.average_precision import average_precision
from mmnoisy.evaluation.verdicts import as_floats, read_verdicts

__all__ = ['VerifiedAP', 'verified_average_precision']


class VerifiedAP(NamedTuple):
    """Average precision on verified (image, class) pairs; values in [0, 1].

    Attributes:
        AP_all: of all pairs taken as one class.
        MAP: mean of ``AP``; classes without a positive leave it.
        AP: (C,) of each class; NaN for one without a verified positive.
    """

    AP_all: float
    MAP: float
    AP: np.ndarray


def verified_average_precision(
    scores: Any, verdicts: Any, classes: Optional[Any] = None
) -> VerifiedAP:
    """AP over what somebody has verified; the rest counts neither way (section 4.2, Eq. 4).

    Args:
        scores: (N, C) predicted scores; or (P,), those of pairs.
        verdicts: (N, C), 1 for present, 0 for absent and NaN where nobody has looked, or a sparse
            matrix with 1 and -1; or (P,) 1 and 0, those of the pairs.
        classes: (P,) integers from 0, the classes of the pairs; None with matrices.

    Raises:
        InputError: shapes or values do not fit, a score is not finite, or nothing is verified
            present.

    Warns:
        UserWarning: nothing is verified absent.

    Example:
        >>> import numpy as np
        >>> from mmnoisy.metrics import verified_average_precision
        >>> scores = [[0.9, 0.2], [0.8, 0.7], [0.1, 0.6]]
        >>> found = verified_average_precision(scores, [[1, np.nan], [0, 1], [1, 0]])
        >>> round(found.AP_all, 3), round(found.MAP, 3), found.AP.round(3).tolist()
        (0.756, 0.917, [0.833, 1.0])

        The same pairs, one by one:

        >>> pairs = [0.9, 0.8, 0.7, 0.1, 0.6], [1, 0, 1, 1, 0]
        >>> round(verified_average_precision(*pairs, classes=[0, 0, 1, 0, 1]).MAP, 3)
        0.917
    """
    if classes is not None:
        score, present, group = map(np.asarray, (scores, verdicts, classes))
        if not np.isin(present, (0, 1)).all():
            raise InputError('verdicts: of pairs are 1 for present and 0 for absent, nothing else')
        if not np.issubdtype(group.dtype, np.integer) or (len(group) and group.min() < 0):
            raise InputError('classes: give integers from 0, the number of the class of each pair')
        size = int(group.max()) + 1 if len(group) else 0
    else:
        matrix = as_floats(scores, 'scores')
        (row, group, present), shape = read_verdicts(verdicts)
        if shape != matrix.shape:
            raise InputError(
                f'verdicts: has the shape {shape}, the scores {matrix.shape}; give one for each'
            )
        score, size = matrix[row, group], shape[1]
    ap = np.full(size, np.nan)
    found = average_precision(score, present, group)
    ap[: len(found)] = found
    if np.isnan(ap).all():
        raise InputError(
            'verdicts: nothing is verified present, so there is no average precision; verify more'
        )
    if np.all(present):
        warnings.warn(
            'verdicts: all of them say present, so that any scores have an AP of 1; verify labels '
            'that are absent, too',
            stacklevel=2,
        )
    return VerifiedAP(float(average_precision(score, present)[0]), float(np.nanmean(ap)), ap)
