"""From the sparse labels of data samples to the dense targets of Eq. 1-3 (pure arrays)."""

from __future__ import annotations

from functools import partial
from typing import Sequence, Tuple

import numpy as np
import torch

from mmnoisy.errors import InputError
from mmnoisy.label_batch import LabelBatch

UNVERIFIED = ('absent', 'mask', 'noisy')


def flat_cells(data_samples: Sequence, key: str) -> torch.Tensor:
    """Image and class of every label in the field ``key`` of N samples, (2, k) int64."""
    ids = [np.asarray(sample.get(key, ()), np.int64) for sample in data_samples]
    images = np.repeat(np.arange(len(ids)), [len(i) for i in ids])
    return torch.from_numpy(np.stack([images, np.concatenate(ids)]))


def multi_hot(
    cells: torch.Tensor, shape: Tuple[int, int], device: torch.device | str = 'cpu'
) -> torch.Tensor:
    """Labels (2, k) of N images and C classes as (N, C) bool on ``device``.

    Raises:
        InputError: a class is outside [0, C); labels that lie on a GPU are not looked at, which
            would have to wait for it.
    """
    labels = cells[1]
    looks = cells.device.type == 'cpu' and len(labels)
    if looks and not 0 <= int(labels.min()) <= int(labels.max()) < shape[1]:
        raise InputError(
            f'class id {int(labels.max())}: the labels have more classes than the model, whose '
            f'num_classes is {shape[1]}; set num_classes to the length of the class list'
        )
    dense = torch.zeros(shape, dtype=torch.bool, device=device)
    images, labels = cells.to(device, non_blocking=True)
    dense[images, labels] = True
    return dense


def stack_targets(
    data_samples: LabelBatch | Sequence,
    num_classes: int,
    unverified: str = 'absent',
    device: torch.device | str = 'cpu',
    soft: bool = False,
    noisy_classes: int | None = None,
) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Noisy labels, verified labels, and where the verified ones count.

    Verdicts exist for some classes of some images. What v is for the other classes of a verified
    image, the paper leaves open (Eq. 2 and 3 sum over all of them):

    - ``'absent'``: v = 0, the literal reading of a sparse label vector;
    - ``'mask'``: v says nothing; only rated pairs count;
    - ``'noisy'``: v = y, the machine's labels stand unless a verdict contradicts.

    Args:
        data_samples: N samples with the class ids ``noisy_label``, ``verified_pos`` and
            ``verified_neg``, a missing field being empty; or the labels of all of them at once.
        num_classes: the number of classes, C.
        unverified: the reading, see above.
        device: of the results.
        soft: y is the confidence of a noisy label, ``noisy_score``, instead of 1.
        noisy_classes: A, number of the classes of the noisy labels where these are others; then
            there is no ``'noisy'`` reading.

    Returns:
        ``noisy`` y (N, C) or (N, A) and ``verified`` v (N, C), float32 in {0, 1} or, soft, in
        [0, 1], and ``observed`` (N, C), bool, true where v is given.

    Raises:
        InputError: a class id is outside [0, C).
    """
    cells = (
        data_samples.cells
        if isinstance(data_samples, LabelBatch)
        else partial(flat_cells, data_samples)
    )
    noisy, present, absent = (
        multi_hot(cells(key), (len(data_samples), size), device)
        for key, size in (
            ('noisy_label', noisy_classes or num_classes),
            ('verified_pos', num_classes),
            ('verified_neg', num_classes),
        )
    )
    rated = present | absent
    if unverified == 'mask':
        observed = rated
    else:
        observed = rated.any(1, keepdim=True).expand_as(rated)
    y, v = noisy.float(), present.float()
    if soft:
        image, label = cells('noisy_label').to(device, non_blocking=True)
        y[image, label] = _noisy_scores(data_samples).to(device, non_blocking=True)
    return y, torch.where(rated, v, y) if unverified == 'noisy' else v, observed


def _noisy_scores(data_samples: LabelBatch | Sequence) -> torch.Tensor:
    """The confidences of all noisy labels, (k,) float32, in the order of their cells."""
    if isinstance(data_samples, LabelBatch):
        return data_samples.noisy.value
    scores = [np.asarray(sample.get('noisy_score', ()), np.float32) for sample in data_samples]
    return torch.from_numpy(np.concatenate(scores))
