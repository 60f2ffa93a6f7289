"""From columns of a table to labels, with an account of each (pure, on pyarrow)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import pyarrow as pa

from mmnoisy.datasets.account import Account, two_absences
from mmnoisy.datasets.release.csv_blocks import NO_CONFIDENCE, NO_VERDICT
from mmnoisy.datasets.release.values import ABSENT, MINUS, PRESENT
from mmnoisy.datasets.sources import list_cells
from mmnoisy.datasets.sources.base import Kind, LabelTable
from mmnoisy.datasets.sources.cell_values import confidences, texts, verdicts
from mmnoisy.datasets.sources.collector import AGAIN, CONTRADICTION
from mmnoisy.datasets.sources.further_columns import by_image
from mmnoisy.datasets.sources.list_columns import label_lists, score_lists, spread
from mmnoisy.errors import InputError

NO_IMAGE = 'no name of an image'
NO_LIST = 'labels that are no list'
EMPTY_VERDICT = 'no verdict given'
EMPTY_CONFIDENCE = 'no confidence given'
EMPTY_LABEL = 'no label where a list has one'
UNEQUAL = 'not as many scores as labels'


@dataclass
class Cells:
    """The columns that count.

    Attributes:
        image: names of images.
        label: labels or lists of them; None where each class has a column.
        score: confidences or verdicts, or lists of them.
        group: what belongs together.
        classes: of each class, its name and its column.
        further: columns that say nothing of labels, by name.
        form: how labels stand in cells, of ``find_form``, or ``list_columns.ARRAY``.
    """

    image: pa.Array
    label: Optional[pa.Array] = None
    score: Optional[pa.Array] = None
    group: Optional[pa.Array] = None
    classes: List[Tuple[str, pa.Array]] = field(default_factory=list)
    further: Dict[str, pa.Array] = field(default_factory=dict)
    form: str = list_cells.ONE


class _Items(NamedTuple):
    """Labels as they are stated.

    Attributes:
        row: of each in the table.
        label: the place among ``names``.
        value: NaN where there is no sound one.
        empty: whether no value is stated.
        shown: the value of one of them as it is stated.
        names: of the classes.
        lost: which rows state something that cannot be read.
    """

    row: np.ndarray
    label: np.ndarray
    value: np.ndarray
    empty: np.ndarray
    shown: Callable[[int], str]
    names: List[str]
    lost: np.ndarray


def gather(
    cells: Cells, layout: Dict[str, Any], kind: Kind, account: Account, path: str
) -> LabelTable:
    """Labels of a table, with those left out that cannot be used.

    Rows of the account are labels, and images that are stated without one.

    Args:
        cells: the columns.
        layout: of the table.
        kind: of the labels.
        account: of what has been left out so far.
        path: to name the source.

    Raises:
        InputError: no row can be used, verdicts contradict one another in what says absent, or an
            image is in two groups.
    """
    image, names = texts(cells.image)
    items = (_listed if cells.label is not None else _wide)(cells, kind, account)
    alone = ~items.lost & (image >= 0)
    alone[items.row] = False
    account.rows += sum(account.dropped.values()) + len(items.row) + int(alone.sum())
    images = names.to_pylist()

    def of(k: int) -> str:
        name = image[items.row[k]]
        return f'{items.names[items.label[k]]!r}' + (f' of {images[name]!r}' if name >= 0 else '')

    sound = ~np.isnan(items.value)
    if kind == 'noisy':
        sound &= (items.value >= 0) & (items.value <= 1)
        empty, unsound = EMPTY_CONFIDENCE, NO_CONFIDENCE
    else:
        empty, unsound = EMPTY_VERDICT, NO_VERDICT
    kept = np.ones(len(sound), bool)
    for reason, faulty in (
        (NO_IMAGE, image[items.row] < 0),
        (empty, items.empty),
        (unsound, ~sound),
    ):
        where = np.flatnonzero(faulty & kept)
        if len(where):
            stated = f'{items.shown(where[0])!r} for ' if reason == unsound else ''
            account.drop(reason, len(where), stated + of(where[0]))
            kept[where] = False
    place = np.flatnonzero(kept)
    of_label, label, value = image[items.row], items.label, items.value
    if len(place) < len(label):
        of_label, label, value = of_label[place], label[place], value[place]
    if kind == 'verified':
        _check_absent(value, path)
        value = value == PRESENT
    key = of_label * len(items.names) + label
    first, value = _once(key, value.astype(np.float32), kind, account, lambda k: of(place[k]))
    if len(first) < len(label):
        of_label, label = of_label[first], label[first]
    if account.rows and account.rows == sum(account.dropped.values()):
        raise account.useless(
            path,
            'mend them, or name the columns with --image-column, --label-column, --score-column',
        )
    groups = None if cells.group is None else _groups(image, images, cells.group, path)
    return LabelTable(
        images,
        items.names,
        of_label,
        label,
        value,
        layout,
        account,
        groups,
        columns=by_image(image, len(images), cells.further),
        lists_classes=cells.label is None,
    )


def _listed(cells: Cells, kind: Kind, account: Account) -> _Items:
    assert cells.label is not None
    labels, names = label_lists(cells.label, cells.form)
    lost = labels.length < 0
    account.drop(NO_LIST, int(lost.sum()), _first(cells.label, lost))
    length = np.maximum(labels.length, 0)
    if cells.score is None:
        row, place = spread(labels.start, length)
        where = place
        value = np.full(len(row), 1.0 if kind == 'noisy' else PRESENT)
        empty = np.zeros(len(row), bool)
    else:
        scores = score_lists(cells.score, cells.form)
        unequal = (scores.length != length) & (length > 0)
        account.drop(UNEQUAL, int(length[unequal].sum()), _first(cells.image, unequal))
        if unequal.any():
            length = np.where(unequal, 0, length)
            lost |= unequal
        row, place = spread(labels.start, length)
        _, where = spread(scores.start, length)
        value, empty = (part[where] for part in _parse(scores.flat, kind))
    label = labels.flat[place]
    named = label >= 0
    if not named.all():
        account.drop(EMPTY_LABEL, int((~named).sum()), _first(cells.image, ~named, row))
        row, label, value, empty, where = (a[named] for a in (row, label, value, empty, where))

    def shown(k: int) -> str:
        return str(scores.flat[int(where[k])].as_py())

    return _Items(row, label, value, empty, shown, names, lost)


def _wide(cells: Cells, kind: Kind, account: Account) -> _Items:
    names = list(dict.fromkeys(name for name, _ in cells.classes))
    number = {name: k for k, name in enumerate(names)}
    parts: List[Tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    filled = np.zeros(len(cells.image), bool)
    for k, (_, column) in enumerate(cells.classes):
        value, empty = _parse(column, kind)
        filled |= ~empty
        given = ~empty if kind == 'verified' else ~empty & (value != 0) & (value != -1)
        row = np.flatnonzero(given)
        parts.append((row, np.full(len(row), k), value[row]))
    row, column, value = (np.concatenate(part) for part in zip(*parts))
    order = np.argsort(row, kind='stable')
    row, column, value = row[order], column[order], value[order]
    filled[row] = False
    nameless = filled & (texts(cells.image)[0] < 0)
    account.drop(NO_IMAGE, int(nameless.sum()))

    def shown(k: int) -> str:
        return str(cells.classes[column[k]][1][int(row[k])].as_py())

    label = np.array([number[name] for name, _ in cells.classes])[column]
    return _Items(row, label, value, np.zeros(len(row), bool), shown, names, nameless)


def _parse(array: pa.Array, kind: Kind) -> Tuple[np.ndarray, np.ndarray]:
    return (confidences if kind == 'noisy' else verdicts)(array)


def _first(array: pa.Array, which: np.ndarray, row: Optional[np.ndarray] = None) -> str:
    """The first cell that is meant, of those in order or of some rows."""
    if not which.any():
        return ''
    k = which.argmax() if row is None else row[which.argmax()]
    return repr(array[int(k)].as_py())


def _once(
    key: np.ndarray,
    value: np.ndarray,
    kind: Kind,
    account: Account,
    example: Callable[[int], str],
) -> Tuple[np.ndarray, np.ndarray]:
    """Where each label comes first, and its value: the higher confidence, or the one verdict."""
    ascending = np.sort(key)
    again = np.unique(ascending[1:][ascending[1:] == ascending[:-1]])
    if not len(again):
        return np.arange(len(key)), value
    group = np.searchsorted(again, key)
    rows = np.flatnonzero(again[np.minimum(group, len(again) - 1)] == key)
    group = group[rows]
    low, high = (np.full(len(again), limit, value.dtype) for limit in (np.inf, -np.inf))
    np.minimum.at(low, group, value[rows])
    np.maximum.at(high, group, value[rows])
    first, count = np.empty(len(again), np.int64), np.bincount(group)
    first[group[::-1]] = rows[::-1]
    clash = (low != high) & (kind == 'verified')
    for reason, which, number in (
        (AGAIN, ~clash, count - 1),
        (CONTRADICTION, clash, count),
    ):
        if which.any():
            account.drop(reason, int(number[which].sum()), example(first[which.argmax()]))
    kept = np.ones(len(key), bool)
    kept[rows] = False
    kept[first[~clash]] = True
    value[first] = high
    place = np.flatnonzero(kept)
    return place, value[place]


def _groups(image: np.ndarray, images: List[str], column: pa.Array, path: str) -> List[str]:
    group, known = texts(column)
    given = np.flatnonzero((image >= 0) & (group >= 0))
    names = [*known.to_pylist(), '']
    of_image = np.full(len(images), -1)
    of_image[image[given][::-1]] = group[given][::-1]
    clash = given[of_image[image[given]] != group[given]]
    if len(clash):
        k = image[clash[0]]
        both = f'{names[of_image[k]]!r} and {names[group[clash[0]]]!r}'
        raise InputError(f'{path}: image {images[k]!r} is in the groups {both}; give it one')
    return [names[k] for k in of_image]


def _check_absent(codes: np.ndarray, path: str) -> None:
    zeros, minus = int((codes == ABSENT).sum()), int((codes == MINUS).sum())
    if zeros and minus:
        raise two_absences(path, zeros, minus)
