"""Label indexes and feature banks of several folders, opened as one (pure).

.. code-block:: none

    index/train             features/train
    ├── 000                 ├── 000
    │   ├── index.json      │   ├── bank.json
    │   └── ...             │   └── ...
    └── 001                 └── 001

Each is an index or a bank by itself, possibly a link to one elsewhere. By the names of the folders
their images follow one another in the order of their ids. Indexes and banks need not be cut alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np

from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.csr import Csr
from mmnoisy.errors import InputError
from mmnoisy.io.chained import Chained, chained_starts, chained_texts, out_of_order
from mmnoisy.io.texts import Texts

_LISTS = ('classes', 'noisy_classes', 'class_names', 'path_template', 'subset')


def part_folders(folder: Path, name: str) -> List[Path]:
    """The folders in one that is itself without a file, and have it; by name.

    Raises:
        InputError: they are those of T, V and test, which are no parts of one set.
    """
    if (folder / name).exists() or not folder.is_dir():
        return []
    parts = sorted(one.parent for one in folder.glob(f'*/{name}') if one.parent.name[0] != '.')
    sets = [part for part in parts if part.name in SUBSETS]
    if sets:
        raise InputError(f'{folder}: holds several sets; give one of them, such as {sets[0]}')
    return parts


def joined_index(folders: Sequence[Path], indexes: Sequence[Any]) -> Any:
    """A :class:`mmnoisy.datasets.LabelIndex` of several.

    Args:
        folders: of them.
        indexes: opened.

    Raises:
        InputError: their classes differ, or their images are not in order.
    """
    first = indexes[0]
    for folder, index in zip(folders, indexes):
        different = [key for key in _LISTS if index.info.get(key) != first.info.get(key)]
        if different:
            raise InputError(
                f'{folder}: has other {", ".join(different)} than {folders[0]}, beside which it '
                'lies; prepare all parts of an index with one class list'
            )
    image_ids = _joined_ids(folders, indexes)
    noisy, verdicts = (
        _joined_labels([getattr(index, name) for index in indexes])
        for name in ('noisy', 'verdicts')
    )
    usable = None
    if any(index.usable is not None for index in indexes):
        begin = np.cumsum([0, *map(len, indexes)])
        rows = (np.arange(len(i)) if i.usable is None else i.usable for i in indexes)
        usable = np.concatenate([of_one + k for of_one, k in zip(rows, begin)])
    paths = None
    if all(index.paths is not None for index in indexes):
        paths = chained_texts([index.paths for index in indexes])
    index = type(first)(image_ids, noisy, verdicts, dict(first.info), usable, paths)
    index.info['shapes'] = {name: list(array.shape) for name, array in index.arrays().items()}
    return index


def joined_bank(folder: Path, folders: Sequence[Path], banks: Sequence[Any]) -> Any:
    """A :class:`mmnoisy.datasets.FeatureBank` of several.

    Args:
        folder: that they are in.
        folders: of them.
        banks: opened.

    Raises:
        InputError: they hold features of different kinds, or their images are not in order.
    """
    first: Any = banks[0]
    made_of: Dict[str, str] = {k: v for k, v in first.provenance.items() if k != 'subset'}
    for own, bank in zip(folders, banks):
        of_bank = {k: v for k, v in bank.provenance.items() if k != 'subset'}
        if bank.features.shape[1:] != first.features.shape[1:] or of_bank != made_of:
            raise InputError(
                f'{own}: holds other features than {folders[0]}, beside which it lies; extract all '
                'parts of a bank alike'
            )
    bank = first.__class__.__new__(first.__class__)
    bank.folder, bank.provenance = folder, first.provenance
    bank.image_ids = _joined_ids(folders, banks)
    bank.features = Chained([one.features for one in banks])
    bank.done = np.broadcast_to(True, len(bank.image_ids))
    return bank


def _joined_ids(folders: Sequence[Path], parts: Sequence[Any]) -> Texts:
    ids: List[Texts] = [part.image_ids for part in parts]
    wrong = out_of_order(ids)
    if wrong is not None:
        a, b = wrong
        raise InputError(
            f'{folders[b]}: its first image {ids[b][0]} does not follow the last one of '
            f'{folders[a]}, {ids[a][len(ids[a]) - 1]}; cut images into parts in the order of their '
            'ids, and name the folders in that order'
        )
    return chained_texts(ids)


def _joined_labels(parts: Sequence[Csr]) -> Csr:
    chained: List[Any] = [Chained([getattr(p, name) for p in parts]) for name in Csr._fields[1:]]
    return Csr(chained_starts([part.start for part in parts]), *chained)
