"""Arrays that lie in several files, taken as one without a copy (pure NumPy)."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from mmnoisy.io.texts import Texts


class Chained:
    """Arrays of one type and width, one after the other, as an array that can be read.

    Rows are asked for by a number, a slice or an array of numbers, of which only these are copied.
    NumPy's functions take it like an array, as a copy of all.

    Args:
        parts: at least one, each (n, ...).
        offsets: what is added to the values of each part.
    """

    def __init__(
        self, parts: Sequence[np.ndarray], offsets: Optional[Sequence[int]] = None
    ) -> None:
        self.parts, self.offsets = [*parts], offsets
        self.ends = np.cumsum([len(part) for part in parts])
        self.dtype, self.ndim = parts[0].dtype, parts[0].ndim
        self.shape = (int(self.ends[-1]), *parts[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, where: Any) -> Any:
        """Rows, as an array has them; of a tuple the first is the row."""
        if isinstance(where, (int, np.integer)):
            row = range(len(self))[where]
            part = int(np.searchsorted(self.ends, row, 'right'))
            return self._part(part, row - self._begin(part))
        if isinstance(where, slice):
            begin, end, step = where.indices(len(self))
            return (
                self._span(begin, max(begin, end))[:: step or 1] if step > 0 else self[::1][where]
            )
        rows, *others = where if isinstance(where, tuple) else (where,)
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        return self._take(np.where(rows < 0, rows + len(self), rows), others)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self._span(0, len(self)).astype(dtype or self.dtype, copy=False)

    def any(self) -> bool:
        """Whether one is true."""
        return any(part.any() for part in self.parts)

    def all(self) -> bool:
        """Whether all are true."""
        return all(part.all() for part in self.parts)

    def _begin(self, part: int) -> int:
        return int(self.ends[part - 1]) if part else 0

    def _part(self, part: int, where: Any) -> Any:
        values = self.parts[part][where]
        return values + values.dtype.type(self.offsets[part]) if self.offsets else values

    def _span(self, begin: int, end: int) -> np.ndarray:
        first, last = np.searchsorted(self.ends, [begin, end - 1], 'right')
        if begin >= end:
            return self.parts[0][:0]
        pieces = [
            self._part(k, slice(max(begin - self._begin(k), 0), end - self._begin(k)))
            for k in range(int(first), int(last) + 1)
        ]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _take(self, rows: np.ndarray, others: List[Any]) -> np.ndarray:
        found = np.empty((len(rows), *self.shape[1 + len(others) :]), self.dtype)
        part = np.searchsorted(self.ends, rows, 'right')
        order = np.argsort(part, kind='stable')
        ends = np.bincount(part, minlength=len(self.parts)).cumsum().tolist()
        begin = 0
        for k, end in enumerate(ends):
            if begin < end:
                here = order[begin:end]
                of_others = [np.asarray(one)[here] for one in others]
                found[here] = self._part(k, (rows[here] - self._begin(k), *of_others))
            begin = end
        return found


def chained_texts(parts: Sequence[Texts]) -> Texts:
    """Texts, one after the other."""
    arrays = [part.arrays() for part in parts]
    return Texts(chained_starts([start for start, _ in arrays]), Chained([d for _, d in arrays]))


def chained_starts(parts: Sequence[np.ndarray]) -> Any:
    """Where the slices of the rows of several arrays begin and end, as of one.

    Args:
        parts: each (n + 1,), from 0 to the length of an array.
    """
    begins = np.cumsum([0, *(int(part[-1]) for part in parts)]).tolist()
    return Chained([*(part[:-1] for part in parts), np.zeros(1, parts[0].dtype)], begins)


def out_of_order(parts: Sequence[Texts]) -> Optional[Tuple[int, int]]:
    """The first two neighbours among ascending texts that do not follow one another."""
    filled = [k for k, part in enumerate(parts) if len(part)]
    return next((pair for pair in zip(filled, filled[1:]) if not _follow(parts, *pair)), None)


def _follow(parts: Sequence[Texts], a: int, b: int) -> bool:
    return parts[a][len(parts[a]) - 1] < parts[b][0]
