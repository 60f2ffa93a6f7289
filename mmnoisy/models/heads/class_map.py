"""A class map: which labels of one vocabulary say which of another, in fixed pairs."""

from __future__ import annotations

import csv
from pathlib import Path

import torch
from mmpretrain.registry import MODELS
from torch import nn

from mmnoisy.errors import InputError
from mmnoisy.models.heads.base import Cleaned, CleaningHead


class ClassMap(nn.Module):
    """S of c = clip(S y + ...): pairs of a class of the noisy labels and a class.

    The pairs are part of a checkpoint. Cost grows with their number.

    Args:
        path: a CSV file with a header, class ids in its first two columns, such as the
            ``correspondence.csv`` that ``tools/prepare_openimages.py`` leaves beside an index.
        noisy_classes: A, number of the classes of the noisy labels.
        num_classes: B, number of the classes that they are mapped to.

    Raises:
        InputError: the file is missing or has no pairs of such ids.
    """

    noisy_id: torch.Tensor
    class_id: torch.Tensor

    def __init__(self, path: str, noisy_classes: int, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        pairs = _read(Path(path).expanduser(), noisy_classes, num_classes)
        self.register_buffer('noisy_id', pairs[:, 0])
        self.register_buffer('class_id', pairs[:, 1])

    def forward(self, noisy: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
        """The sum of the noisy labels that say a class.

        Args:
            noisy: y, (N, A) float in [0, 1].
            weight: (P,) of the pairs, by default 1.

        Returns:
            (N, B) float32.
        """
        given = noisy[:, self.noisy_id]
        if weight is not None:
            given = given * weight
        return given.new_zeros(len(noisy), self.num_classes).index_add(1, self.class_id, given)


def build_class_map(
    path: str | None, noisy_classes: int | None, num_classes: int
) -> ClassMap | None:
    """The class map of a head, or none.

    Raises:
        InputError: it is given without ``noisy_classes``, or cannot be used.
    """
    if path is None:
        return None
    if noisy_classes is None:
        raise InputError(
            f'model.cleaning_head.class_map={path!r}: the noisy labels are of the same '
            'classes; set noisy_classes to the number of theirs'
        )
    return ClassMap(path, noisy_classes, num_classes)


@MODELS.register_module()
class ClassMapHead(CleaningHead):
    """A cleaning head that does not learn: c = min(S y, 1), the labels that a class map gives.

    It brings noisy labels to a model of other classes. Of classes that no noisy label says, T has
    no label then.

    Args:
        num_classes: the number of classes, B.
        noisy_classes: the number of noisy classes, A.
        class_map: the pairs, see :class:`ClassMap`.
    """

    def __init__(self, num_classes: int, noisy_classes: int, class_map: str) -> None:
        super().__init__(num_classes, noisy_classes, loss_weight=0.0)
        self.class_map = ClassMap(class_map, noisy_classes, num_classes)

    def forward(
        self, feats: torch.Tensor | tuple[torch.Tensor, ...], noisy: torch.Tensor
    ) -> Cleaned:
        """Labels c, (N, B), of the noisy labels y, (N, A), whatever the features."""
        labels = self.class_map(noisy).clamp(max=1)
        return Cleaned(labels, labels)

    def loss(
        self, cleaned: Cleaned, verified: torch.Tensor, observed: torch.Tensor
    ) -> torch.Tensor:
        """Zero: there is nothing to learn."""
        return cleaned.labels.new_zeros(())


def _read(path: Path, noisy_classes: int, num_classes: int) -> torch.Tensor:
    mend = 'give the correspondence.csv that tools/prepare_openimages.py has left beside the index'
    try:
        with open(path, newline='', encoding='utf-8') as file:
            rows = [*csv.reader(file)][1:]
        pairs = [(int(row[0]), int(row[1])) for row in rows]
    except OSError as error:
        raise InputError(f'{path}: cannot be read ({error.strerror}); {mend}') from error
    except (ValueError, IndexError, csv.Error) as error:
        raise InputError(f'{path}: has a row without two class ids ({error}); {mend}') from error
    for noisy_id, class_id in pairs:
        if not (0 <= noisy_id < noisy_classes and 0 <= class_id < num_classes):
            raise InputError(
                f'{path}: the pair {noisy_id}, {class_id} is outside the {noisy_classes} and '
                f'{num_classes} classes of the head; {mend}, or set noisy_classes and num_classes'
            )
    if not pairs:
        raise InputError(f'{path}: has no pair; {mend}')
    return torch.tensor(pairs)
