"""From the sparse labels of data samples to the dense targets of Eq. 1-3 (pure arrays)."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
import torch

from mmnoisy.errors import InputError

UNVERIFIED = ('absent', 'mask', 'noisy')


def multi_hot(
    ids: Sequence[np.ndarray | torch.Tensor],
    num_classes: int,
    device: torch.device | str = 'cpu',
) -> torch.Tensor:
    """Class ids of N images, each (k_i,) with values in [0, C), as (N, C) bool on ``device``.

    Raises:
        InputError: an id is outside [0, C).
    """
    lengths = torch.tensor([len(i) for i in ids])
    columns = torch.from_numpy(np.concatenate([np.asarray(i, np.int64) for i in ids]))
    if len(columns) and not 0 <= int(columns.min()) <= int(columns.max()) < num_classes:
        raise InputError(
            f'class id {int(columns.max())}: the labels have more classes than the model, whose '
            f'num_classes is {num_classes}; set num_classes to the length of the class list'
        )
    rows = torch.repeat_interleave(torch.arange(len(ids)), lengths)
    dense = torch.zeros(len(ids), num_classes, dtype=torch.bool, device=device)
    dense[rows.to(device), columns.to(device)] = True
    return dense


def stack_targets(
    data_samples: Sequence,
    num_classes: int,
    unverified: str = 'absent',
    device: torch.device | str = 'cpu',
) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Noisy labels, verified labels, and where the verified ones count.

    Verdicts exist for some classes of some images. What v is for the other classes of a verified
    image, the paper leaves open (Eq. 2 and 3 sum over all of them):

    - ``'absent'``: v = 0, the literal reading of a sparse label vector;
    - ``'mask'``: v says nothing; only rated pairs count;
    - ``'noisy'``: v = y, the machine's labels stand unless a verdict contradicts.

    Args:
        data_samples: N samples with the class ids ``noisy_label``, ``verified_pos`` and
            ``verified_neg``; a missing field is empty.
        num_classes: C.
        unverified: the reading, see above.
        device: of the results.

    Returns:
        ``noisy`` y (N, C) and ``verified`` v (N, C), float32 in {0, 1}, and ``known`` (N, C),
        bool, true where v is given.

    Raises:
        InputError: a class id is outside [0, C).
    """
    noisy, present, absent = (
        multi_hot([sample.get(key, ()) for sample in data_samples], num_classes, device)
        for key in ('noisy_label', 'verified_pos', 'verified_neg')
    )
    rated = present | absent
    if unverified == 'mask':
        known = rated
    else:
        known = rated.any(1, keepdim=True).expand_as(rated)
    verified = present | (noisy & ~rated) if unverified == 'noisy' else present
    return noisy.float(), verified.float(), known
