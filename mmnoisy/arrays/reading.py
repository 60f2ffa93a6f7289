"""From what people hold, arrays, sparse matrices and data frames, to what a data set has."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

from mmnoisy.datasets.csr import Csr, class_type
from mmnoisy.errors import InputError
from mmnoisy.evaluation.verdicts import as_floats, read_verdicts, tidy

FLOATS = (np.float64, np.float32, np.float16)

_BLOCK_VALUES = 2**24


def read_features(estimator: BaseEstimator, X: Any, reset: bool) -> np.ndarray:
    """Features (N, D) of a floating-point type; such an array is not copied, mapped or not.

    Args:
        estimator: remembers the number and the names of the features, or knows them.
        X: array or data frame.
        reset: whether it is to remember them.

    Raises:
        InputError: they are no such matrix, are others than before, or one is not finite.
        TypeError: they are objects.
    """
    try:
        features = _validate(estimator, X, reset)
    except ValueError as error:
        raise InputError(f'X: {" ".join(str(error).split())}') from error
    rows = max(1, _BLOCK_VALUES // features.shape[1])
    for begin in range(0, len(features), rows):
        bad = ~np.isfinite(features[begin : begin + rows])
        if bad.any():
            row, column = (int(place[0]) for place in np.nonzero(bad))
            raise InputError(
                f'X: is NaN or infinity at row {begin + row}, column {column}, and features are '
                'finite; leave such images out, or fill the gaps'
            )
    return features


def read_confidences(Y: Any) -> Tuple[Csr, Tuple[int, int]]:
    """Noisy labels, and the shape of their matrix.

    Args:
        Y: (N, C) array, data frame or sparse matrix of SciPy; 0 where no label is.

    Raises:
        InputError: it is no matrix, holds something else than numbers in [0, 1], or no label.
    """
    if Y is None:
        raise InputError(
            'Y: NoisyLabelClassifier requires y to be passed, but the target y is None; give the '
            'noisy labels, (N, C)'
        )
    # SciPy's matrices know no half precision.
    matrix = Y if sparse.issparse(Y) else as_floats(Y, 'Y').astype(np.float32, copy=False)
    rows = tidy(matrix)
    fits = (rows.data >= 0) & (rows.data <= 1)
    if not fits.all():
        k = int(fits.argmin())
        row = int(np.searchsorted(rows.indptr, k, 'right')) - 1
        raise InputError(
            f'Y: is {rows.data[k]:g} at row {row}, class {rows.indices[k]}; give the confidence of '
            'each label in [0, 1], and 0 where there is none'
        )
    if not len(rows.data):
        raise InputError(f'Y: has no label in its {rows.shape[0]} rows; give some to learn from')
    values = rows.data.astype(np.float32, copy=False)
    return _csr(rows.indptr, rows.indices, values, rows.shape[1]), rows.shape


def read_verified(verified: Any, shape: Tuple[int, int]) -> Csr:
    """Verdicts on N images and C classes, see :func:`read_verdicts`; None for no verdict.

    Raises:
        InputError: they are no such matrix, or none says that a label is present.
    """
    if verified is None:
        return _csr(np.zeros(shape[0] + 1), np.zeros(0), np.zeros(0, bool), shape[1])
    (row, label, present), found = read_verdicts(verified, 'verified')
    if found != shape:
        raise InputError(
            f'verified: has the shape {found}, and Y {shape}; give a row for each image and a '
            'column for each class'
        )
    if not present.any():
        said = 'says nothing, all is NaN or empty' if not len(row) else 'says that all is absent'
        raise InputError(f'verified: {said}; verify some labels that are present')
    return _csr(np.searchsorted(row, np.arange(shape[0] + 1)), label, present, shape[1])


def _csr(start: np.ndarray, label: np.ndarray, value: np.ndarray, num_classes: int) -> Csr:
    return Csr(start.astype(np.int64, copy=False), label.astype(class_type(num_classes)), value)


def _validate(estimator: BaseEstimator, X: Any, reset: bool) -> np.ndarray:
    # All of X is never looked at at once: see above for what is not finite.
    try:
        from sklearn.utils.validation import validate_data
    except ImportError:  # before scikit-learn 1.6
        return estimator._validate_data(X, reset=reset, dtype=FLOATS, force_all_finite=False)
    return validate_data(estimator, X, reset=reset, dtype=FLOATS, ensure_all_finite=False)
