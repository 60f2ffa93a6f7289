"""From labels that come one by one to a table, with an account, and back to those of an image."""

from __future__ import annotations

import math
from array import array
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.release.csv_blocks import NO_CONFIDENCE, UNLISTED
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options
from mmnoisy.errors import InputError
from mmnoisy.io.progress import progress

AGAIN = 'label given twice'
CONTRADICTION = 'contradictory verdicts'
NO_NAME = 'no name of an image or a class'
NO_IMAGE = 'an image that the file does not list'


class Collector:
    """Takes labels as they are read. A row is one label of an image, or an image without one.

    Args:
        path: of the file or folder, for messages.
        kind: of the labels.
        options: of which the group column counts here.
        classes: that the source lists, each once.
    """

    def __init__(
        self, path: str, kind: Kind, options: Options, classes: Sequence[str] = ()
    ) -> None:
        self._path, self._kind, self._group_column = path, kind, options.group_column
        self._groups: Dict[int, str] = {}
        self._account = Account()
        self._images: Dict[str, int] = {}
        self._classes: Dict[str, int] = {}
        self._image, self._label, self._value = array('q'), array('q'), array('f')
        self._lists_classes = False
        for name in classes:
            self.list_class(name)

    @property
    def verified(self) -> bool:
        """Whether the labels are verdicts."""
        return self._kind == 'verified'

    def list_class(self, name: Any) -> None:
        """Adds a class, with or without labels to come."""
        self._lists_classes |= self._place(self._classes, name) is not None

    def image(self, name: Any, said: Optional[Mapping[str, Any]] = None) -> Optional[int]:
        """The place of an image; one that is new is added, with or without labels to come.

        Args:
            name: of it.
            said: what else the source says of it, with the group column.

        Returns:
            None if it has no name, which counts as a row that is left out.

        Raises:
            InputError: it is in two groups.
        """
        place = self._place(self._images, name)
        if place is None:
            self.drop(NO_NAME, repr(name))
        elif self._group_column is not None and said is not None:
            group = said.get(self._group_column)
            if group not in (None, '') and self._groups.setdefault(place, str(group)) != str(group):
                raise InputError(
                    f'{self._path}: image {name!r} is in the groups {self._groups[place]!r} and '
                    f'{str(group)!r}; give it one'
                )
        return place

    def add(self, image: int, name: Any, value: Any = None, where: Any = '') -> None:
        """Adds a label.

        Args:
            image: the place of its image.
            name: of its class.
            value: of a noisy label its confidence, None for 1; of a verdict whether it is
                present, None for yes.
            where: it stands, for the account.
        """
        if value is None:
            value = 1.0
        elif not _in_range(value):
            return self.drop(NO_CONFIDENCE, f'{value!r} {where}')
        label = self._place(self._classes, name)
        if label is None:
            return self.drop(NO_NAME, f'{name!r} {where}')
        self._account.rows += 1
        self._image.append(image)
        self._label.append(label)
        self._value.append(float(value))
        return None

    def add_number(
        self, image: int, number: Any, names: Sequence[str], value: Any = None, where: Any = ''
    ) -> None:
        """Adds a label by the number of its class in a list of names."""
        if isinstance(number, int) and 0 <= number < len(names):
            self.add(image, names[number], value, where)
        else:
            self.drop(UNLISTED, f'{number!r} {where}')

    def drop(self, reason: str, example: str, count: int = 1) -> None:
        """Counts rows that are left out."""
        self._account.rows += count
        self._account.drop(reason, count, example.strip())

    def table(self, **layout: Any) -> LabelTable:
        """All labels, each once: of several confidences the highest, of verdicts none that differ.

        Args:
            **layout: of the table.

        Raises:
            InputError: there is no image, or no group where groups were asked for.
        """
        if not self._images:
            of = ' with a verdict' if self.verified else ''
            reasons = ''.join(f'; {count} x {why}' for why, count in self._account.dropped.items())
            raise InputError(
                f'{self._path}: holds no image{of}{reasons}; check that it is the right file'
            )
        image, label = (np.array(a, np.int64) for a in (self._image, self._label))
        value = np.array(self._value, np.float32)
        names = list(self._images), list(self._classes)
        rows, value = self._once(image * max(len(names[1]), 1) + label, value, names)
        image, label = image[rows], label[rows]
        self._account.rows += len(names[0]) - len(np.unique(image))
        groups = self._groups_of(len(names[0]))
        said = LabelTable(*names, image, label, value, layout, self._account, groups)
        said.lists_classes = self._lists_classes
        return said

    def _groups_of(self, images: int) -> Optional[List[str]]:
        if self._group_column is None:
            return None
        if not self._groups:
            raise InputError(
                f'{self._path}: says {self._group_column} of no image; '
                'name what says which belong together with --group-column'
            )
        return [self._groups.get(place, '') for place in range(images)]

    def _once(self, keys: np.ndarray, value: np.ndarray, names: Sequence[List[str]]) -> Any:
        """The first row of each key, in order, and the value of each."""
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
        highest, lowest = np.full(len(first), -1, np.float32), np.full(len(first), 2, np.float32)
        np.maximum.at(highest, group, value)
        np.minimum.at(lowest, group, value)
        agreed = (highest == lowest) | (not self.verified)
        for reason, left_out in (
            (CONTRADICTION, ~agreed[group]),
            (AGAIN, agreed[group] & (first[group] != np.arange(len(keys)))),
        ):
            rows = np.flatnonzero(left_out)
            if len(rows):
                image, label = divmod(int(keys[rows[0]]), len(names[1]))
                example = f'{names[1][label]} of {names[0][image]}'
                self._account.drop(reason, len(rows), example)
        order = np.argsort(first)
        order = order[agreed[order]]
        return first[order], highest[order]

    @staticmethod
    def _place(places: Dict[str, int], name: Any) -> Optional[int]:
        if isinstance(name, (int, float)) and not isinstance(name, bool):
            name = str(name)
        if not isinstance(name, str) or not name:
            return None
        place = places.get(name)
        if place is None and _is_text(name):
            place = places[name] = len(places)
        return place


class ImageLabels(NamedTuple):
    """The labels of one image, as they are written."""

    name: str
    """Of the image."""
    labels: List[int]
    """The places of their classes."""
    values: List[float]
    """The shortest numbers that are the same as float32: 0.7, not 0.69999999."""

    def present(self) -> List[int]:
        """The places of the classes that are not absent, where these are verdicts."""
        return [label for label, value in zip(self.labels, self.values) if value]

    def absent(self) -> List[int]:
        """The places of the classes that are absent, where these are verdicts."""
        return [label for label, value in zip(self.labels, self.values) if not value]


def one_of(names: List[Any], given: Optional[str], what: str) -> Any:
    """The one of some names that is given, or the only one; None where there is none.

    Args:
        names: of questions, fields or columns with labels.
        given: the label column of the options.
        what: the beginning of a sentence on them: the file and a verb.

    Raises:
        InputError: there are several, or not the one that is given.
    """
    if len(names) > 1 and given is None:
        raise InputError(f'{what} {", ".join(map(str, names))}; name one with --label-column')
    if given is not None and given not in names:
        raise InputError(
            f'{what} {", ".join(map(str, names)) or "nothing"}, not {given}; '
            'name another with --label-column'
        )
    return given if given is not None else names[0] if names else None


def labels_by_image(table: LabelTable) -> Iterator[ImageLabels]:
    """The images of a table one after the other, each with its labels."""
    order = np.argsort(table.image, kind='stable')
    ends = np.cumsum(np.bincount(table.image, minlength=len(table.images)))
    start = 0
    images = zip(table.images, ends.tolist())
    for name, end in progress('writing labels', images, len(table.images), 'images'):
        rows = order[start:end]
        values = [float(text) for text in table.value[rows].astype('U')]
        yield ImageLabels(name, table.label[rows].tolist(), values)
        start = end


def _in_range(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and 0 <= value <= 1


def _is_text(name: str) -> bool:
    """Whether UTF-8 can say a name: not half of a character, not bytes of another encoding."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
