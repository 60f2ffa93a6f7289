"""The label index: the labels of one set of images in flat, memory-mapped arrays.

A folder of ``.npy`` files and one JSON, opened in milliseconds and shared by all processes of a
machine through the page cache. Pure NumPy, no MM imports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from mmnoisy.datasets.array_files import open_array, read_info
from mmnoisy.datasets.threads import map_in_threads
from mmnoisy.errors import InputError

WHAT = 'label index'
VERSION = 1

BLOCK_LABELS = 2**19


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

    def take(self, images: np.ndarray) -> Csr:
        """The rows of the images with the numbers ``images`` (B,), in that order."""
        count = self.start[images + 1] - self.start[images]
        end = np.cumsum(count)
        labels = np.repeat(self.start[images] - (end - count), count)
        labels += np.arange(len(labels))
        return Csr(np.append(0, end), self.label[labels], self.value[labels])

    def select(self, images: np.ndarray) -> Csr:
        """The rows of the images for which ``images`` (N,) is true."""
        count = np.diff(self.start)
        labels = np.repeat(images, count)
        start = np.concatenate([[0], np.cumsum(count[images])])
        return Csr(start, self.label[labels], self.value[labels])


def to_csr(
    row: np.ndarray,
    count: np.ndarray,
    label: np.ndarray,
    value: np.ndarray,
    shape: Tuple[int, int],
    merge: np.ufunc,
) -> Csr:
    """Sorts labels that come in runs of one image each into a :class:`Csr`.

    Args:
        row: (G,) integers, the image of each run, in any order.
        count: (G,) integers, the length of each run; the runs make up ``label`` and ``value``.
        label: (R,) integers, the classes.
        value: (R,) numbers.
        shape: number of images and of classes.
        merge: what becomes of duplicates, ``np.maximum`` or ``np.add`` of their values.
    """
    num_images, num_classes = shape
    begin = np.cumsum(count) - count
    order = np.argsort(row, kind='stable')
    begin, row, count = begin[order], row[order], count[order]

    def sort(block: Tuple[int, int]) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        runs = slice(*block)
        n = count[runs]
        here = np.repeat(begin[runs] - (np.cumsum(n) - n), n) + np.arange(n.sum())
        image = row[runs] - row[block[0]]
        return sort_runs(image, n, label[here], value[here], num_classes, merge)

    blocks = _cut(row, count)
    length = np.zeros(num_images, np.int64)
    labels = np.empty(len(label), class_type(num_classes))
    values = np.empty_like(value)
    end = 0
    for (run, _), (lengths, some_labels, some_values) in zip(blocks, map_in_threads(sort, blocks)):
        length[row[run] : row[run] + len(lengths)] = lengths
        first, end = end, end + len(some_labels)
        labels[first:end], values[first:end] = some_labels, some_values
    return Csr(np.append(0, np.cumsum(length)), labels[:end], values[:end])


def sort_runs(
    row: np.ndarray,
    count: np.ndarray,
    label: np.ndarray,
    value: np.ndarray,
    num_classes: int,
    merge: np.ufunc,
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same for few images, without a loop.

    Args:
        row: (G,) integers from 0, ascending; several runs may be of one image.
        count: (G,) integers, the length of each run.
        label: (R,) integers, the classes.
        value: (R,) numbers.
        num_classes: the number of classes.
        merge: as in :func:`to_csr`.

    Returns:
        The number of labels of the images 0 to ``row[-1]``, the labels and their values.
    """
    if not len(label):
        return np.zeros(int(row[-1]) + 1 if len(row) else 0, np.int64), label, value
    # Image, class and position packed into one integer: sorting integers is fastest.
    class_bits, place_bits = (int(k).bit_length() for k in (num_classes, len(label)))
    assert int(row[-1]).bit_length() + class_bits + place_bits < 64
    cell = np.repeat(row.astype(np.int64) << class_bits, count)
    cell |= label
    cell <<= place_bits
    cell |= np.arange(len(label))
    cell.sort()
    values = value[cell & ((1 << place_bits) - 1)]
    cell >>= place_bits
    new = np.append(True, cell[1:] != cell[:-1])
    if not new.all():
        cell, values = cell[new], merge.reduceat(values, np.flatnonzero(new))
        count = np.bincount(cell >> class_bits, minlength=int(row[-1]) + 1)
    else:
        count = np.bincount(row, count).astype(np.int64)
    cell &= (1 << class_bits) - 1
    return count, cell.astype(class_type(num_classes)), values


def class_type(num_classes: int) -> np.dtype:
    """The smallest unsigned integer type that holds class ids."""
    return np.dtype(np.uint16 if num_classes <= 2**16 else np.uint32)


def _cut(row: np.ndarray, count: np.ndarray) -> List[Tuple[int, int]]:
    """Cuts runs, sorted by image, between images into blocks of some ``BLOCK_LABELS`` labels."""
    end = np.cumsum(count)
    run = np.searchsorted(end, np.arange(0, end[-1] if len(end) else 0, BLOCK_LABELS), 'right')
    cuts = np.unique(np.append(np.searchsorted(row, row[run]), len(row)))
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist()))


class LabelIndex:
    """Noisy labels and verdicts of one set of images.

    Attributes:
        image_ids: (N,) uint64, ascending.
        noisy: :class:`Csr` of the machine labels; values are confidences, float32 in [0, 1].
        verdicts: :class:`Csr` of the verdicts; values are bool, True = verified present.
        info: the JSON beside the arrays: ``classes`` (MIDs), ``class_names``, counts, provenance;
            ``noisy_classes`` where the noisy labels are of other classes than the verdicts.
        usable: (n,) int64, ascending: the rows of the images whose pictures can be read; None
            where nobody has looked.
    """

    def __init__(
        self,
        image_ids: np.ndarray,
        noisy: Csr,
        verdicts: Csr,
        info: Dict[str, Any],
        usable: Optional[np.ndarray] = None,
    ) -> None:
        self.image_ids = image_ids
        self.noisy = noisy
        self.verdicts = verdicts
        self.info = info
        self.usable = usable

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def classes(self) -> List[str]:
        """The MIDs that are predicted and judged; class id k is the k-th of them."""
        return self.info['classes']

    @property
    def noisy_classes(self) -> List[str]:
        """The MIDs of the noisy labels: ``classes``, unless vocabularies differ."""
        return self.info.get('noisy_classes', self.classes)

    @property
    def in_classes(self) -> Csr:
        """The noisy labels that are of ``classes``: all, or none where vocabularies differ."""
        if 'noisy_classes' not in self.info:
            return self.noisy
        start, label, value = self.noisy
        return Csr(np.zeros_like(start), label[:0], value[:0])

    @property
    def metainfo(self) -> Dict[str, Tuple]:
        """The class lists, as the meta information of an MMEngine dataset."""
        keys = ('classes', 'class_names', 'class_categories', 'noisy_classes')
        return {key: tuple(self.info[key]) for key in keys if key in self.info}

    def require_one_vocabulary(self, folder: Path, mend: str) -> None:
        """For what compares noisy labels with verdicts.

        Args:
            folder: of the index.
            mend: what to do about it.

        Raises:
            InputError: they are of different classes.
        """
        if 'noisy_classes' in self.info:
            raise InputError(
                f'{folder}: its noisy labels are of {len(self.noisy_classes)} other classes than '
                f'the {len(self.classes)} of its verdicts, so the two cannot be compared; {mend}'
            )

    def select(self, images: np.ndarray) -> LabelIndex:
        """The images for which ``images`` (N,) is true."""
        return LabelIndex(
            self.image_ids[images],
            self.noisy.select(images),
            self.verdicts.select(images),
            self.info,
        )

    def join(self, other: LabelIndex) -> LabelIndex:
        """The images of both, which have none in common; ``info`` is that of the first."""
        image_ids = np.sort(np.concatenate([self.image_ids, other.image_ids]))
        rows = [np.searchsorted(image_ids, index.image_ids) for index in (self, other)]

        def joined(a: Csr, b: Csr, classes: List[str]) -> Csr:
            count = np.concatenate([np.diff(a.start), np.diff(b.start)])
            label, value = (np.concatenate(parts) for parts in zip(a[1:], b[1:]))
            shape = (len(image_ids), len(classes))
            return to_csr(np.concatenate(rows), count, label, value, shape, np.maximum)

        return LabelIndex(
            image_ids,
            joined(self.noisy, other.noisy, self.noisy_classes),
            joined(self.verdicts, other.verdicts, self.classes),
            self.info,
        )

    def write(self, folder: Path) -> None:
        """Writes the arrays and, last, the JSON into ``folder``, which must not exist yet."""
        folder.mkdir(parents=True)
        arrays = self._arrays()
        for name, array in arrays.items():
            np.save(folder / f'{name}.npy', array, allow_pickle=False)
        write_info(folder, {name: list(array.shape) for name, array in arrays.items()}, self.info)

    @classmethod
    def open(cls, folder: Path) -> LabelIndex:
        """Maps an index into memory; nothing is read before it is used.

        Raises:
            InputError: the folder is missing, is no index, or is truncated.
        """
        folder = Path(folder)
        mend = 'build it with tools/prepare_openimages.py'
        info = read_info(folder / 'index.json', WHAT, VERSION, mend)
        return cls(*_open_arrays(folder, info['shapes'], mend), info, _open_usable(folder, mend))

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


def write_info(folder: Path, shapes: Dict[str, List[int]], info: Dict[str, Any]) -> None:
    """Writes the JSON beside the arrays of an index.

    Args:
        folder: of the index.
        shapes: of the arrays, by name.
        info: of a :class:`LabelIndex`.
    """
    head = {'format': f'mmnoisy {WHAT}', 'version': VERSION, 'shapes': shapes}
    rest = {key: value for key, value in info.items() if key not in head}
    text = json.dumps({**head, **rest}, indent=1, ensure_ascii=False)
    (folder / 'index.json').write_text(text, 'utf-8')


def _open_usable(folder: Path, mend: str) -> Optional[np.ndarray]:
    path = folder / 'usable.npy'
    return open_array(path, mend) if path.exists() else None


def _open_arrays(
    folder: Path, shapes: Dict[str, List[int]], mend: str
) -> Tuple[np.ndarray, Csr, Csr]:
    def load(name: str) -> np.ndarray:
        return open_array(folder / f'{name}.npy', mend, shapes[name])

    noisy, verdicts = (
        Csr(*(load(f'{matrix}_{field}') for field in Csr._fields))
        for matrix in ('noisy', 'verdicts')
    )
    return load('image_ids'), noisy, verdicts
