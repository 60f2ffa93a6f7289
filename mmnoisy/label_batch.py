"""The labels of a batch in flat arrays: what datasets and models hand to one another at once."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, NamedTuple

import numpy as np
import torch


class SparseLabels(NamedTuple):
    """A sparse (images x classes) matrix, row by row.

    Attributes:
        start: (B + 1,) int64; row i is the slice ``start[i]:start[i + 1]`` of the other two.
        label: (nnz,) int64, class ids.
        value: (nnz,) one value per label.
    """

    start: torch.Tensor
    label: torch.Tensor
    value: torch.Tensor

    @classmethod
    def of(cls, start: np.ndarray, label: np.ndarray, value: np.ndarray) -> SparseLabels:
        """The same matrix, from NumPy arrays."""
        return cls(*map(torch.from_numpy, (start, label.astype(np.int64), value)))

    def cells(self) -> torch.Tensor:
        """Image and class of every label, (2, nnz) int64."""
        count = self.start.diff()
        image = torch.arange(len(count), device=count.device)
        image = torch.repeat_interleave(image, count, output_size=len(self.label))
        return torch.stack([image, self.label])

    def __add__(self, other: SparseLabels) -> SparseLabels:  # type: ignore[override]
        """The rows of both."""
        start = torch.cat([self.start, self.start[-1] + other.start[1:]])
        return SparseLabels(start, *(torch.cat(parts) for parts in zip(self[1:], other[1:])))


class LabelBatch:
    """Noisy labels and verdicts of B images.

    As a sequence it holds the four fields of one image each, as the samples of
    :class:`mmnoisy.datasets.OpenImages` have them.

    Attributes:
        noisy: values are confidences, float32 in [0, 1].
        verdicts: values are bool, True = verified present.
    """

    def __init__(self, noisy: SparseLabels, verdicts: SparseLabels) -> None:
        self.noisy = noisy
        self.verdicts = verdicts

    def __len__(self) -> int:
        return len(self.noisy.start) - 1

    def __getitem__(self, i: int) -> Dict[str, torch.Tensor]:
        (label, score), (verified, present) = (
            (matrix.label[where], matrix.value[where])
            for matrix in (self.noisy, self.verdicts)
            for where in [slice(*matrix.start[i : i + 2].tolist())]
        )
        return dict(
            noisy_label=label,
            noisy_score=score,
            verified_pos=verified[present],
            verified_neg=verified[~present],
        )

    def __iter__(self) -> Iterator[Dict[str, torch.Tensor]]:
        return (self[i] for i in range(len(self)))

    def __add__(self, other: LabelBatch) -> LabelBatch:
        return LabelBatch(self.noisy + other.noisy, self.verdicts + other.verdicts)

    def cells(self, key: str) -> torch.Tensor:
        """Image and class of every label of the field ``key``, (2, k) int64."""
        if key == 'noisy_label':
            return self.noisy.cells()
        chosen = dict(verified_pos=self.verdicts.value, verified_neg=~self.verdicts.value)[key]
        return self.verdicts.cells()[:, chosen]

    def to(self, device: torch.device | str, non_blocking: bool = False) -> LabelBatch:
        """The same on a device; ``non_blocking`` is that of :meth:`torch.Tensor.to`."""
        return self._mapped(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> LabelBatch:
        """The same in pinned memory, as loaders with ``pin_memory=True`` ask of a batch."""
        return self._mapped(
            lambda tensor: tensor.pin_memory() if tensor.device.type == 'cpu' else tensor
        )

    def _mapped(self, change: Callable[[torch.Tensor], torch.Tensor]) -> LabelBatch:
        return LabelBatch(
            *(SparseLabels(*map(change, matrix)) for matrix in (self.noisy, self.verdicts))
        )
