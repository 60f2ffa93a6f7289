"""Many texts in two flat arrays, which can be mapped into memory (NumPy and Arrow)."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Iterable, Iterator, List, Sequence, Tuple, Union, overload

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 2**16


_BLOCK = 2**22  # elements at once


class Texts(Sequence[str]):
    """N texts, such as the ids of images.

    They are ordered by their UTF-8 bytes, which is the order of Python's texts too.

    Args:
        start: (N + 1,) int64, text i is ``data[start[i]:start[i + 1]]``.
        data: (B,) uint8, the texts in UTF-8; both may be :class:`mmnoisy.io.chained.Chained`.
    """

    def __init__(self, start: Any, data: Any) -> None:
        self.start, self.data = start, data
        self._in_one = isinstance(data, np.ndarray)
        self._bytes = memoryview(data.data) if self._in_one else data

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Copies texts."""
        if isinstance(texts, Texts):
            return texts
        import pyarrow as pa

        return cls.of_arrow(pa.array(list(texts), pa.large_string()))

    @classmethod
    def of_arrow(cls, array: pa.Array) -> Texts:
        """The texts of an Arrow array of strings, large ones are not copied."""
        import pyarrow as pa

        large = array.cast(pa.large_binary()) if array.type != pa.large_binary() else array
        _, start, data = large.buffers()
        start = np.frombuffer(start, np.int64)[large.offset : large.offset + len(large) + 1]
        return cls(start, _octets(data))

    def to_arrow(self) -> pa.Array:
        """The same as an Arrow array of large binaries, without a copy."""
        import pyarrow as pa

        arrays = (self.start, self.data) if self._in_one else self.arrays()
        parts = [None, *(pa.py_buffer(np.ascontiguousarray(a)) for a in arrays)]
        return pa.Array.from_buffers(pa.large_binary(), len(self), parts)

    def __len__(self) -> int:
        return len(self.start) - 1

    @overload
    def __getitem__(self, where: int) -> str: ...

    @overload
    def __getitem__(self, where: Union[slice, np.ndarray]) -> Texts: ...

    def __getitem__(self, where: Any) -> Union[str, Texts]:
        """A text by its number, or several by a slice, numbers or a mask."""
        if isinstance(where, (int, np.integer)):
            number = range(len(self))[where]
            begin, end = self.start[number], self.start[number + 1]
            return str(self._bytes[begin:end], 'utf-8')
        if isinstance(where, slice):
            begin, end, step = where.indices(len(self))
            if step == 1:
                return Texts(self.start[begin : max(begin, end) + 1], self.data)
            where = np.arange(begin, end, step)
        where = np.asarray(where)
        rows = np.flatnonzero(where) if where.dtype == bool else where.astype(np.int64)
        if not self._in_one:
            return self._take(rows)
        return Texts.of_arrow(self.to_arrow().take(rows))

    def _take(self, rows: np.ndarray) -> Texts:
        """Some texts, where not all of them are to be copied."""
        begin = self.start[rows]
        count = self.start[rows + 1] - begin
        start = np.append(0, np.cumsum(count))
        where = np.repeat(begin - start[:-1], count) + np.arange(start[-1])
        return Texts(start, self.data[where])

    def __iter__(self) -> Iterator[str]:
        for begin in range(0, len(self), _BLOCK):
            yield from self[begin : begin + _BLOCK].tolist()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Texts) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Texts) else False
        return all(_equal(a, b) for a, b in zip(self.arrays(), other.arrays()))

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> Tuple[Any, ...]:
        return Texts, self.arrays()

    def __repr__(self) -> str:
        shown = ', '.join(map(repr, self[:3]))
        return f'Texts({len(self):,}: {shown}{", ..." if len(self) > 3 else ""})'

    def tolist(self) -> List[str]:
        """All of them."""
        import pyarrow as pa

        return self.to_arrow().cast(pa.large_string()).to_pylist()

    def arrays(self) -> Tuple[np.ndarray, np.ndarray]:
        """``start`` from 0 and the ``data`` that belongs to it, as they are written."""
        begin, end = int(self.start[0]), int(self.start[-1])
        whole = (begin, end) == (0, len(self.data))
        return (self.start - begin if begin else self.start), (
            self.data if whole else self.data[begin:end]
        )

    def row(self, text: str) -> int:
        """The number of a text among ascending ones; -1 where there is none."""
        place = bisect_left(self, text)
        return place if place < len(self) and self[place] == text else -1

    def rows(self, texts: Texts) -> np.ndarray:
        """The numbers (n,) int64 of texts among distinct ones; -1 for one that is not here."""
        if self == texts:
            return np.arange(len(self))
        import pyarrow.compute as pc

        found = pc.index_in(texts.to_arrow(), value_set=self.to_arrow())
        return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    def order(self) -> np.ndarray:
        """The numbers (N,) of the texts in ascending order."""
        import pyarrow.compute as pc

        return pc.array_sort_indices(self.to_arrow()).to_numpy().astype(np.int64)

    def sorted_once(self) -> Texts:
        """The distinct ones, ascending."""
        import pyarrow.compute as pc

        distinct = pc.unique(self.to_arrow())
        return Texts.of_arrow(distinct.take(pc.array_sort_indices(distinct)))


def _equal(a: Any, b: Any) -> bool:
    """Whether two arrays are the same, some elements at a time."""
    return len(a) == len(b) and all(
        np.array_equal(a[k : k + _BLOCK], b[k : k + _BLOCK]) for k in range(0, len(a), _BLOCK)
    )


def _octets(data: Any) -> np.ndarray:
    return np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)


def numbered_once(parts: Sequence[Texts]) -> Tuple[Texts, List[np.ndarray]]:
    """The distinct texts of all parts, ascending, and the number (n,) of each text of each part.

    They are hashed once, which takes longer than all else.
    """
    import pyarrow.compute as pc

    coded = concatenate(parts).to_arrow().dictionary_encode()
    order = pc.array_sort_indices(coded.dictionary)
    place = np.empty(len(order), np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    ends = np.cumsum([len(part) for part in parts])[:-1]
    numbers = np.split(place[coded.indices.to_numpy(zero_copy_only=False)], ends)
    return Texts.of_arrow(coded.dictionary.take(order)), numbers


def concatenate(parts: Sequence[Texts]) -> Texts:
    """The texts of all, one after the other."""
    import pyarrow as pa

    return Texts.of_arrow(pa.concat_arrays([part.to_arrow() for part in parts]))
