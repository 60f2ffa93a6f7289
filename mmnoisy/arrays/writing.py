"""Results in the containers, and under the names, that people came with."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence

import numpy as np
from scipy import sparse

from mmnoisy.datasets.csr import Csr
from mmnoisy.errors import InputError


def class_names(given: Optional[Sequence[Any]], Y: Any) -> np.ndarray:
    """The names (C,) of the columns of Y: those given, its own, or their numbers.

    Raises:
        InputError: they are not one for each, or two are alike.
    """
    number = int(np.shape(Y)[1])
    names = np.asarray(getattr(Y, 'columns', range(number)) if given is None else given)
    if names.shape != (number,) or len({*names.tolist()}) < number:
        raise InputError(
            f'classes: {names.tolist()[:5]} are not one name for each of the {number} columns of '
            'Y, no two alike; give so many'
        )
    return names


def as_container(rows: Csr, like: Any, num_classes: int) -> Any:
    """Labels in a container of the same kind: array, data frame or sparse matrix."""
    shape = (len(rows.start) - 1, num_classes)
    matrix = sparse.csr_array((rows.value, rows.label.astype(np.int64), rows.start), shape)
    if sparse.issparse(like):
        # Before SciPy 1.11 sparse arrays are of the class of matrices too.
        return matrix if type(like).__name__.endswith('_array') else sparse.csr_matrix(matrix)
    return named(matrix.toarray(), like, getattr(like, 'columns', None))


def named(values: np.ndarray, like: Any, columns: Any) -> Any:
    """Values (N, ...) as a data frame with the index of another, or as they are without one."""
    if not hasattr(like, 'iloc'):
        return values
    import pandas as pd

    return pd.DataFrame(values, index=like.index, columns=columns)


def as_table(columns: Dict[str, Any], frame: bool) -> Any:
    """Columns (n,) by name as a data frame, or as a structured array."""
    if frame:
        import pandas as pd

        return pd.DataFrame(columns)
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    table = np.empty(len(arrays['row']), [(name, a.dtype) for name, a in arrays.items()])
    for name, array in arrays.items():
        table[name] = array
    return table
