"""From labels in the words of their owner to the three indexes of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.csr import Csr, to_csr
from mmnoisy.datasets.index_info import own_info
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.sources.base import LabelTable
from mmnoisy.datasets.sources.completing import completed_images
from mmnoisy.datasets.sources.names import NONE, SEVERAL, Listing, match
from mmnoisy.datasets.sources.splitting import add_verdicts, split
from mmnoisy.datasets.sources.telling import tell, tell_pictures, warnings
from mmnoisy.errors import InputError
from mmnoisy.io.texts import Texts, concatenate, numbered_once
from mmnoisy.wording import counted

_REASONS = {
    NONE: 'without a picture of this name',
    SEVERAL: 'with the name of several pictures',
}


@dataclass
class Labels:
    """The labels of one file, and whose they are.

    Attributes:
        path: of the file, for messages.
        table: what it says.
    """

    path: str
    table: LabelTable


@dataclass
class Imported:
    """What an import makes.

    Attributes:
        indexes: T, V and test by the names of :data:`mmnoisy.datasets.SUBSETS`.
        lines: what was understood, in sentences.
        warnings: what may be meant otherwise.
    """

    indexes: Dict[str, LabelIndex]
    lines: List[str]
    warnings: List[str]


@dataclass
class _Images:
    """The images of all files: their ids, ascending, and the row of every name of each file."""

    ids: Texts
    paths: Optional[Texts]
    rows: List[np.ndarray]


def import_labels(
    noisy: Labels,
    verified: Labels,
    pictures: Optional[Listing],
    complete: bool = False,
    test_share: float = 0.2,
) -> Imported:
    """Matches labels with pictures, and splits the images into T, V and test.

    An image with a verdict is verified: of these a share becomes the test set, by the SHA-256 of
    its id or of its group, the others V. All other images of the noisy file are T, except those
    that share a group with a test image. The id of an image is its name in the file of noisy
    labels; where the file has two names for a picture, the first.

    Args:
        noisy: the noisy labels.
        verified: the verdicts.
        pictures: the folder of the pictures; None where there are only features.
        complete: a verified image has every class that is verified present and no other, of those
            that the file lists where it does.
        test_share: of the verified images, above 0 and below 1.

    Raises:
        InputError: nothing is left of one of the sets.
    """
    if not 0 < test_share < 1:
        raise InputError(f'--test-share {test_share:g}: give a share between 0 and 1, such as 0.2')
    files = [noisy, verified]
    images = _find(files, pictures)
    classes = [*dict.fromkeys([*noisy.table.classes, *verified.table.classes])]
    shape = len(images.ids), len(classes)
    matrices = [
        _matrix(file, rows, classes, shape, kind)
        for file, rows, kind in zip(files, images.rows, (np.maximum, np.add))
    ]
    verdicts = matrices[1]
    if complete:
        looked_for = verified.table.classes if verified.table.lists_classes else classes
        listed = np.isin(np.arange(len(classes)), [classes.index(name) for name in looked_for])
        verdicts = completed_images(verdicts, images.rows[1], listed)
    entries = [
        file.table.account.entry(file.path, len(matrix.label))
        for file, matrix in zip(files, matrices)
    ]
    entries[1]['complete'] = complete
    if complete:
        entries[1]['num_classes'] = int(listed.sum())
    info = {
        **own_info(classes, 'the files of labels'),
        'files': entries,
        **({'complete_verdicts': True} if complete else {}),
    }
    whole = LabelIndex(images.ids, matrices[0], verdicts, info, paths=images.paths)
    groups = _groups(files, images)
    parts = split(whole, images.rows[0], groups, test_share)
    _check(parts, noisy, verified)
    known = images.ids if images.paths is None else images.paths
    lines = []
    if pictures is not None:
        lines.append(tell_pictures(pictures.files, pictures.pictures, known))
    return Imported(parts, [*lines, *tell(parts)], warnings(whole, verified.path))


def add_labels(indexes: Mapping[str, LabelIndex], verified: Labels) -> Imported:
    """Adds verdicts to T and V; the images of T that have any belong to V from now on.

    The test images stay as they are: what was chosen to be looked at is no fair sample.

    Args:
        indexes: T, V and test.
        verified: the verdicts, on images by their ids or pictures.

    Raises:
        InputError: none of them is on an image of T or V, or no noisy label would be left in T.
    """
    table, sets = verified.table, [indexes[name] for name in SUBSETS]
    size = [0, *np.cumsum([len(index) for index in sets]).tolist()]
    row = _rows_of(Texts.of(table.images), sets)
    for reason, text in _REASONS.items():
        _drop(table, row == reason, text)
    _drop(table, row >= size[2], 'of the test set, which stays as it is')
    row[row >= size[2]] = NONE
    classes = sets[0].classes
    foreign = np.array([name not in classes for name in table.classes], bool)
    _drop_classes(table, foreign)
    verdicts = _matrix(verified, row, classes, (size[2], len(classes)), np.add)
    image = np.flatnonzero(np.diff(verdicts.start))
    if not len(image):
        raise InputError(
            f'{verified.path}: none of its verdicts is on an image of T or V{table.account.why()}; '
            'give verdicts on the images of this project'
        )
    added = add_verdicts(sets[0], sets[1], image, verdicts.take(image))
    if not len(added.indexes['train'].noisy.label):
        raise InputError(
            f'{verified.path}: with it no noisy label is left on an image without a verdict, and '
            'nothing to learn noisy labels from; leave some images without verdicts'
        )
    entry = table.account.entry(verified.path, len(verdicts.label))
    parts = {**added.indexes, 'test': sets[2]}
    for name, part in parts.items():
        part.info = {**indexes[name].info, 'files': [*indexes[name].info['files'], entry]}
    line = (
        f'verdicts on {counted(added.moved, "image")} of T, from now on of V, and on '
        f'{added.more:,} of V'
    )
    return Imported(parts, [line, *tell(parts)], [])


def _find(files: Sequence[Labels], folder: Optional[Listing]) -> _Images:
    """The images that the names of all files mean."""
    names = [Texts.of(file.table.images) for file in files]
    if folder is None:
        ids, rows = numbered_once(names)
        return _Images(ids, None, rows)
    paths = folder.files
    found = [match(of_file, folder.files, folder.pictures) for of_file in names]
    for file, where in zip(files, found):
        for reason, text in _REASONS.items():
            _drop(file.table, where == reason, text)
    where = np.concatenate(found)
    first = np.full(len(paths), NONE)
    known = np.flatnonzero(where >= 0)[::-1]
    first[where[known]] = known  # the last that is written is the first of a picture
    pictures = np.flatnonzero(first >= 0)
    ids, of_pictures = concatenate(names)[first[pictures]], paths[pictures]
    row = np.full(len(paths) + 2, NONE)  # with NONE and SEVERAL, the last two
    plain = ids == of_pictures  # and so in the order of their names
    order = np.arange(len(ids)) if plain else ids.order()
    row[pictures[order]] = np.arange(len(order))
    return _Images(ids[order], None if plain else of_pictures[order], [row[k] for k in found])


def _rows_of(names: Texts, sets: Sequence[LabelIndex]) -> np.ndarray:
    """The image that each name means among those of all sets, by its id or else its picture."""
    row = np.full(len(names), NONE)
    for kind in ('image_ids', 'paths'):
        known = [getattr(index, kind) for index in sets]
        left = np.flatnonzero(row == NONE)
        if any(texts is None for texts in known) or not len(left):
            break
        texts = concatenate(known)
        ascending = texts.sorted_once()
        of_text = np.empty(len(texts), np.int64)
        of_text[ascending.rows(texts)] = np.arange(len(texts))
        found = match(names[left], ascending)
        row[left] = np.where(found < 0, found, of_text[found])
    return row


def _drop(table: LabelTable, images: np.ndarray, reason: str) -> None:
    """Counts the labels of some images as left out."""
    gone = images[table.image]
    if images.any():
        first = table.images[int(np.argmax(images))]
        table.account.drop(f'of images {reason}', int(gone.sum()), repr(first))


def _drop_classes(table: LabelTable, classes: np.ndarray) -> None:
    """Takes the labels of some classes out and counts them."""
    gone = classes[table.label] if len(table.label) else np.zeros(0, bool)
    if gone.any():
        first = table.classes[int(np.argmax(classes))]
        table.account.drop('of other classes', int(gone.sum()), repr(first))
        table.image, table.label, table.value = (
            array[~gone] for array in (table.image, table.label, table.value)
        )


def _matrix(
    file: Labels,
    rows: np.ndarray,
    classes: Sequence[str],
    shape: Tuple[int, int],
    merge: np.ufunc,
) -> Csr:
    """The labels of a file by image; of verdicts that contradict one another there is none."""
    table = file.table
    number = {name: k for k, name in enumerate(classes)}
    label = np.array([number.get(name, 0) for name in table.classes], np.int64)[table.label]
    row = rows[table.image]
    of_verdicts = merge is np.add
    value = np.where(table.value > 0.5, 1, -1) if of_verdicts else table.value
    known = row >= 0
    if not known.all():
        row, label, value = row[known], label[known], value[known]
    # Files have the labels of an image one after the other.
    begin = np.flatnonzero(np.append(True, row[1:] != row[:-1])[: len(row)])
    runs = row[begin], np.diff(begin, append=len(row))
    csr = to_csr(*runs, label, value, shape, merge)
    if not of_verdicts:
        table.account.drop('given more than once', len(row) - len(csr.label))
        return csr
    # An even number of opposite verdicts is no verdict.
    times = to_csr(*runs, label, np.ones(len(row), np.int64), shape, np.add).value
    agreed = csr.value != 0
    table.account.drop('verdicts that contradict one another', int(times[~agreed].sum()))
    table.account.drop('given more than once', int((times[agreed] - 1).sum()))
    image = np.repeat(np.arange(shape[0]), np.diff(csr.start))[agreed]
    start = np.append(0, np.cumsum(np.bincount(image, minlength=shape[0])))
    return Csr(start, csr.label[agreed], csr.value[agreed] > 0)


def _groups(files: Sequence[Labels], images: _Images) -> Optional[List[str]]:
    """The group of each image; its id where no file says it."""
    if all(file.table.groups is None for file in files):
        return None
    groups = images.ids.tolist()
    for file, rows in zip(files, images.rows):
        for row, group in zip(rows.tolist(), file.table.groups or ()):
            if row >= 0 and group:
                groups[row] = group
    return groups


def _check(parts: Mapping[str, LabelIndex], noisy: Labels, verified: Labels) -> None:
    """T has noisy labels, V and test have verdicts."""
    if not len(parts['train'].noisy.label):
        raise InputError(
            f'{noisy.path}: no noisy label is left on an image without a verdict'
            f'{noisy.table.account.why()}; give labels of more pictures'
        )
    for subset in ('validation', 'test'):
        if not len(parts[subset]):
            number = sum(len(parts[k]) for k in SUBSETS[1:])
            raise InputError(
                f'{verified.path}: has {counted(number, "verified image")}, too few to learn from '
                f'some and to test on others{verified.table.account.why()}; give verdicts on more '
                'pictures, in more than one group'
            )
