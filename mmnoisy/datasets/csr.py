"""Sparse (images x classes) matrices in flat arrays (pure NumPy)."""

from __future__ import annotations

from typing import List, NamedTuple, Tuple

import numpy as np

from mmnoisy.datasets.threads import map_in_threads

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
        start = np.zeros(np.count_nonzero(images) + 1, np.int64)
        np.cumsum(count[images], out=start[1:])
        del count
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
