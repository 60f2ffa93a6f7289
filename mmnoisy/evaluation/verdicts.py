"""Verdicts as people hold them: a matrix with gaps, dense or sparse (no MM imports)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from mmnoisy.errors import InputError


class Verdicts(NamedTuple):
    """P verified (image, class) pairs, ascending.

    Attributes:
        row: (P,) integers, numbers of the images.
        column: (P,) integers, numbers of the classes.
        present: (P,) bool, True = verified present.
    """

    row: np.ndarray
    column: np.ndarray
    present: np.ndarray


def read_verdicts(verdicts: Any, name: str = 'verdicts') -> tuple[Verdicts, tuple[int, int]]:
    """The pairs of a matrix that has a verdict, and its shape.

    Args:
        verdicts: (N, C) array or data frame with 1 for present, 0 for absent and NaN where nobody
            has looked, or a sparse matrix of SciPy with 1 for present and -1 for absent.
        name: of the argument, for the sentence of an error.

    Raises:
        InputError: it has another shape or other values.
    """
    if sparse.issparse(verdicts):
        matrix = sparse.coo_array(tidy(verdicts))
        row, column, value = matrix.row, matrix.col, matrix.data
        kinds, mend = (1, -1), 'give 1 for present and -1 for absent in a sparse matrix'
    else:
        matrix = as_floats(verdicts, name)
        row, column = np.nonzero(~np.isnan(matrix))
        value = matrix[row, column]
        kinds, mend = (1, 0), 'give 1 for present, 0 for absent and NaN where nobody has looked'
    known = np.isin(value, kinds)
    if not known.all():
        k = int(known.argmin())
        raise InputError(f'{name}: is {value[k]:g} at row {row[k]}, class {column[k]}; {mend}')
    return Verdicts(row, column, value == 1), matrix.shape


def as_floats(values: Any, name: str) -> np.ndarray:
    """A dense matrix (N, C) of floating-point numbers; what is missing is NaN.

    Raises:
        InputError: it has another shape, or holds something else than numbers.
    """
    try:
        if hasattr(values, 'to_numpy'):
            matrix = values.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            matrix = np.asarray(values)
            if not np.issubdtype(matrix.dtype, np.floating):
                matrix = matrix.astype(np.float64)
    except (TypeError, ValueError) as error:
        reason = ' '.join(str(error).split())
        raise InputError(f'{name}: holds something else than numbers ({reason})') from error
    if matrix.ndim != 2:
        raise InputError(
            f'{name}: has the shape {matrix.shape}; give a matrix with a row for each image and a '
            'column for each class'
        )
    return matrix


def tidy(matrix: Any) -> Any:
    """A sparse matrix by rows, no cell twice or zero, in order; the given one is not changed."""
    rows = sparse.csr_array(matrix)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    if not rows.data.all():
        rows = rows.copy()
        rows.eliminate_zeros()
    return rows
