"""The label index: the labels of one set of images in flat, memory-mapped arrays.

A folder of ``.npy`` files and one JSON, opened in milliseconds and shared by all processes of a
machine through the page cache. Pure NumPy, no MM imports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np

from mmnoisy.errors import InputError

FORMAT = 'mmnoisy label index'
VERSION = 1


class Csr(NamedTuple):
    """A sparse (images x classes) matrix, row by row.

    Attributes:
        start: (N + 1,) int64; row i is the slice ``start[i]:start[i + 1]`` of the other two.
        label: (nnz,) class ids, ascending within a row, each at most once.
        value: (nnz,) one value per label.
    """

    start: np.ndarray
    label: np.ndarray
    value: np.ndarray

    def row(self, i: int) -> Tuple[np.ndarray, np.ndarray]:
        """Class ids and values of image ``i``, both (k,), as views."""
        where = slice(self.start[i], self.start[i + 1])
        return self.label[where], self.value[where]


def to_csr(
    row: np.ndarray, label: np.ndarray, value: np.ndarray, shape: Tuple[int, int], merge: np.ufunc
) -> Csr:
    """Sorts (row, label, value) triples into a :class:`Csr`.

    Args:
        row: (R,) integers, the images.
        label: (R,) integers, the classes.
        value: (R,) numbers.
        shape: number of images and of classes.
        merge: what becomes of duplicates, ``np.maximum`` or ``np.add`` of their values.
    """
    num_images, num_classes = shape
    cell = row.astype(np.int64) * num_classes + label
    order = np.argsort(cell, kind='stable')
    cell, first = np.unique(cell[order], return_index=True)
    start = np.searchsorted(cell, np.arange(num_images + 1, dtype=np.int64) * num_classes)
    label_type = np.uint16 if num_classes <= 2**16 else np.uint32
    return Csr(start, (cell % num_classes).astype(label_type), merge.reduceat(value[order], first))


class LabelIndex:
    """Noisy labels and verdicts of one set of images.

    Attributes:
        image_ids: (N,) uint64, ascending.
        noisy: :class:`Csr` of the machine labels; values are confidences, float32 in [0, 1].
        verdicts: :class:`Csr` of the verdicts; values are bool, True = verified present.
        info: the JSON beside the arrays: ``classes`` (MIDs), ``class_names``, counts, provenance.
    """

    def __init__(
        self, image_ids: np.ndarray, noisy: Csr, verdicts: Csr, info: Dict[str, Any]
    ) -> None:
        self.image_ids = image_ids
        self.noisy = noisy
        self.verdicts = verdicts
        self.info = info

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def classes(self) -> List[str]:
        """The MIDs; class id k is the k-th of them."""
        return self.info['classes']

    def write(self, folder: Path) -> None:
        """Writes the arrays and, last, the JSON into ``folder``, which must not exist yet."""
        folder.mkdir(parents=True)
        arrays = self._arrays()
        for name, array in arrays.items():
            np.save(folder / f'{name}.npy', array, allow_pickle=False)
        info = {
            'format': FORMAT,
            'version': VERSION,
            'shapes': {name: list(array.shape) for name, array in arrays.items()},
            **self.info,
        }
        (folder / 'index.json').write_text(json.dumps(info, indent=1, ensure_ascii=False), 'utf-8')

    @classmethod
    def open(cls, folder: Path) -> LabelIndex:
        """Maps an index into memory; nothing is read before it is used.

        Raises:
            InputError: the folder is missing, is no index, or is truncated.
        """
        folder = Path(folder)
        mend = 'build it with tools/prepare_openimages.py'
        try:
            info = json.loads((folder / 'index.json').read_text('utf-8'))
        except FileNotFoundError:
            raise InputError(f'{folder}: there is no label index here; {mend}') from None
        except ValueError as error:
            raise InputError(f'{folder}/index.json: is damaged ({error}); {mend}') from error
        if not isinstance(info, dict) or (info.get('format'), info.get('version')) != (
            FORMAT,
            VERSION,
        ):
            raise InputError(f'{folder}: is not a label index of version {VERSION}; {mend}')
        return cls(*_open_arrays(folder, info['shapes'], mend), info)

    def __reduce__(self) -> Tuple[Any, ...]:
        # A spawned worker maps the files again instead of receiving a copy of every array.
        mapped = self.image_ids.base
        if isinstance(mapped, np.memmap):
            return LabelIndex.open, (Path(str(mapped.filename)).parent,)
        return LabelIndex, (self.image_ids, self.noisy, self.verdicts, self.info)

    def _arrays(self) -> Dict[str, np.ndarray]:
        arrays = {'image_ids': self.image_ids}
        for matrix, csr in (('noisy', self.noisy), ('verdicts', self.verdicts)):
            arrays.update({f'{matrix}_{name}': array for name, array in csr._asdict().items()})
        return arrays


def _open_arrays(
    folder: Path, shapes: Dict[str, List[int]], mend: str
) -> Tuple[np.ndarray, Csr, Csr]:
    def load(name: str) -> np.ndarray:
        path = folder / f'{name}.npy'
        try:
            # A plain view: slicing an np.memmap costs a microsecond more each time.
            array = np.load(path, mmap_mode='r', allow_pickle=False).view(np.ndarray)
        except (OSError, ValueError) as error:
            raise InputError(f'{path}: is missing or truncated ({error}); {mend}') from error
        if list(array.shape) != shapes[name]:
            raise InputError(f'{path}: holds {array.shape}, not {shapes[name]}; {mend}')
        return array

    noisy, verdicts = (
        Csr(*(load(f'{matrix}_{field}') for field in Csr._fields))
        for matrix in ('noisy', 'verdicts')
    )
    return load('image_ids'), noisy, verdicts
