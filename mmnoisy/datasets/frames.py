"""Labels as SciPy matrices and as pandas frames, there and back (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

import numpy as np

from mmnoisy.datasets.csr import Csr, to_csr
from mmnoisy.errors import InputError
from mmnoisy.io.texts import Texts

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse as sp


def to_scipy(csr: Csr, num_classes: int) -> sp.csr_matrix:
    """Confidences (N, C), or verdicts as 1 present and -1 absent; a 0 is stored like any other."""
    import scipy.sparse as sp

    verdicts = csr.value.dtype == bool
    value = np.where(csr.value, 1, -1).astype(np.int8) if verdicts else np.array(csr.value)
    shape = len(csr.start) - 1, num_classes
    return sp.csr_matrix((value, csr.label.astype(np.int64), csr.start), shape)


def to_pandas(ids: Texts, classes: Sequence[str], noisy: Csr, verdicts: Csr) -> pd.DataFrame:
    """A row for each image and class with a label or a verdict.

    Returns:
        Columns ``image`` and ``label``, both categorical, ``confidence`` (NaN where there is no
        noisy label) and ``verdict`` (nullable boolean). All images are categories.
    """
    import pandas as pd

    parts = []
    for name, csr in (('confidence', noisy), ('verdict', verdicts)):
        image = np.repeat(np.arange(len(ids)), np.diff(csr.start))
        parts.append(pd.DataFrame({'image': image, 'label': csr.label, name: csr.value}))
    frame = parts[0].merge(parts[1], 'outer', ['image', 'label'])
    for name, categories in (('image', ids.tolist()), ('label', [*classes])):
        frame[name] = pd.Categorical.from_codes(frame[name].to_numpy(np.int64), categories)
    return frame.assign(verdict=frame['verdict'].astype('boolean'))


def from_pandas(frame: pd.DataFrame) -> Tuple[Texts, List[str], Csr, Csr]:
    """What :func:`to_pandas` made a frame of.

    Args:
        frame: columns ``image`` and ``label``, and ``confidence``, ``verdict`` or both; a
            categorical ``image`` may name images without a label.

    Returns:
        The ids of the images, ascending, the classes, the noisy labels and the verdicts.

    Raises:
        InputError: a column is missing, a confidence is not in [0, 1], or an image and class are
            there twice.
    """
    _check(frame)
    image, ids = _codes(frame['image'], ordered=True)
    label, classes = _codes(frame['label'], ordered=False)
    if len(np.unique(image * len(classes) + label)) < len(frame):
        raise InputError('frame: an image has the same label twice; drop the duplicates')
    shape = len(ids), len(classes)

    def matrix(name: str, dtype: Any) -> Csr:
        given = frame[name].notna().to_numpy() if name in frame else np.zeros(len(frame), bool)
        value = frame[name][given].to_numpy(dtype) if name in frame else np.zeros(0, dtype)
        one = np.ones(int(given.sum()), np.int64)
        return to_csr(image[given], one, label[given], value, shape, np.maximum)

    return Texts.of(ids), classes, matrix('confidence', np.float32), matrix('verdict', np.bool_)


def _check(frame: pd.DataFrame) -> None:
    missing = [name for name in ('image', 'label') if name not in frame]
    if missing or not {'confidence', 'verdict'} & {*frame.columns}:
        raise InputError(
            f'frame: has the columns {", ".join(map(str, frame.columns))}; give image, label, and '
            'confidence or verdict'
        )
    if 'confidence' in frame:
        given = frame['confidence'].dropna()
        wrong: Optional[Any] = next(iter(given[~given.between(0, 1)]), None)
        if wrong is not None:
            raise InputError(f'frame: the confidence {wrong:g} is not in [0, 1]; mend it')


def _codes(column: pd.Series, ordered: bool) -> Tuple[np.ndarray, list]:
    """The number of each value, and all values; ascending texts if that is asked for."""
    import pandas as pd

    values = pd.Categorical(column)
    if (values.codes < 0).any():
        raise InputError(f'frame: {column.name} is missing in a row; fill it in or drop the row')
    texts = [str(value) for value in values.categories]
    if not ordered:
        return values.codes.astype(np.int64), texts
    place = np.argsort(np.array(texts, object))
    rank = np.empty(len(place), np.int64)
    rank[place] = np.arange(len(place))
    return rank[values.codes], [texts[k] for k in place]
