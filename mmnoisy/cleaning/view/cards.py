"""What is known of an image: its labels before and after, and the verdicts (no MM imports)."""

from __future__ import annotations

from itertools import groupby
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa

from mmnoisy.cleaning.pairs import ADDED, KEPT, KINDS, REMOVED
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError
from mmnoisy.io.spreadsheet import as_text, from_text

MISSED = len(KINDS)
"""The kind of a label that was verified present and is in neither set."""
_ORDER = (REMOVED, ADDED, MISSED, KEPT)


class ViewedLabel(NamedTuple):
    """A label of an image; a number is None where there is none.

    Attributes:
        label: class id.
        kind: ``KEPT``, ``REMOVED``, ``ADDED`` or ``MISSED``.
        before: the confidence before.
        cleaned: the cleaned value.
        score: the classifier's probability.
        present: what the verdict says; None where nobody rated the label.
    """

    label: int
    kind: int
    before: Optional[float]
    cleaned: Optional[float]
    score: Optional[float]
    present: Optional[bool]


class Card(NamedTuple):
    """An image and its labels: removed, added, missed, kept; the highest cleaned value first."""

    image_id: str
    labels: List[ViewedLabel]


class Summary(NamedTuple):
    """Counts of some cards.

    Attributes:
        kinds: labels that were kept, removed and added.
        rated: labels from before with a verdict.
        right_before: of these, those verified present.
        right_after: those kept and verified present, or removed and verified absent.
    """

    kinds: Sequence[int]
    rated: int
    right_before: int
    right_after: int


def make_cards(rows: pa.Table, index: LabelIndex) -> List[Card]:
    """The cards of some images, in their order.

    Args:
        rows: of ``changes.csv``, those of an image together.
        index: of the images, with their verdicts.

    Raises:
        InputError: an image or a class is malformed or is not in the index.
    """
    classes = {as_text(mid): k for k, mid in enumerate(index.classes)}
    names = ('ImageID', 'LabelName', 'Kind', 'Before', 'Cleaned', 'Score')
    columns = (rows[name].to_pylist() for name in names)
    cards = []
    for cell, of_image in groupby(zip(*columns), key=lambda row: row[0]):
        image_id = from_text(cell)
        verdicts = _verdicts(index, image_id)
        labels = [*_labels(of_image, classes, verdicts)]
        missed = [label for label, present in verdicts.items() if present]
        labels += (ViewedLabel(label, MISSED, None, None, None, True) for label in missed)
        labels.sort(key=lambda label: (_ORDER.index(label.kind), -(label.cleaned or 0)))
        cards.append(Card(image_id, labels))
    return cards


def summarise(cards: Iterable[Card]) -> Summary:
    """Counts what became of the labels, and how many are right."""
    kinds = [0] * (MISSED + 1)
    rated = right_before = right_after = 0
    for label in (label for card in cards for label in card.labels):
        kinds[label.kind] += 1
        if label.before is not None and label.present is not None:
            rated += 1
            right_before += label.present
            right_after += label.present == (label.kind == KEPT)
    return Summary(kinds[:MISSED], rated, right_before, right_after)


def _labels(
    rows: Iterable[Tuple], classes: Dict[str, int], verdicts: Dict[int, bool]
) -> Iterator[ViewedLabel]:
    """The labels of an image; their verdicts are taken out."""
    for _, mid, kind, before, cleaned, score in rows:
        if mid not in classes:
            raise InputError(
                f'{mid!r}: is among the changes, but is no class of the index; give the index '
                'that was cleaned with --index'
            )
        label = classes[mid]
        present = verdicts.pop(label, None)
        yield ViewedLabel(label, KINDS.index(kind), before, cleaned, score, present)


def _verdicts(index: LabelIndex, image_id: str) -> Dict[int, bool]:
    row = index.image_ids.row(image_id)
    if row < 0:
        raise InputError(
            f'{image_id!r}: is among the changes, but no image of the index; give the index that '
            'was cleaned with --index'
        )
    label, present = index.verdicts.row(row)
    return dict(zip(label.tolist(), present.tolist()))
