"""Which column of a table is what: by its name, else by what is in it (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, NoReturn, Optional, Sequence, Tuple

from mmnoisy.class_names import plain
from mmnoisy.datasets.sources.base import Kind, Options
from mmnoisy.datasets.sources.column_names import NAMES, OTHER, WIDE, Sample
from mmnoisy.errors import InputError, like

NONE = 'none'
"""Given as the column of scores: there is none."""

_VERDICTS = {'0', '1', '-1', '0.0', '1.0', '-1.0', 'true', 'false', 'yes', 'no'}


@dataclass(frozen=True)
class Roles:
    """The columns that count, by their places.

    Attributes:
        image: of names of images.
        label: of labels; None where each class has a column.
        score: of confidences or verdicts.
        group: of what belongs together.
        classes: one for each class.
    """

    image: int
    label: Optional[int] = None
    score: Optional[int] = None
    group: Optional[int] = None
    classes: Tuple[int, ...] = ()

    @property
    def used(self) -> List[int]:
        """All of them."""
        one = (self.image, self.label, self.score, self.group)
        return [*(k for k in one if k is not None), *self.classes]


def find_roles(
    names: Optional[Sequence[str]],
    cells: Sequence[Sequence[Any]],
    kind: Kind,
    options: Options,
    path: str,
) -> Roles:
    """Finds out which column is what.

    Args:
        names: of the columns; None where there is no header, and columns have numbers from 1.
        cells: the first cells of each column.
        kind: of the labels.
        options: what is given.
        path: to name the source.

    Raises:
        InputError: a column that is given is not there, none holds images or labels, or two do
            equally well.
    """
    return _Search(names, [Sample(column) for column in cells], kind, options, path).roles()


class _Search:
    def __init__(
        self,
        names: Optional[Sequence[str]],
        samples: Sequence[Sample],
        kind: Kind,
        options: Options,
        path: str,
    ) -> None:
        self.header = names is not None
        self.names = list(names or map(str, range(1, len(samples) + 1)))
        self.samples = samples
        self.path = path
        self.kind = kind
        self.wide = options.label_column == WIDE
        self.unscored = options.score_column == NONE
        asked = dict(
            image=options.image_column,
            label=None if self.wide else options.label_column,
            score=None if self.unscored else options.score_column,
            group=options.group_column,
        )
        self.given = {role: self._place(role, name) for role, name in asked.items() if name}
        taken = {*self.given.values()}
        self.named = {role: self._named(role, taken) for role in NAMES} if self.header else {}
        self.free = [
            k
            for k, name in enumerate(self.names)
            if k not in taken and not (self.header and plain(name) in OTHER)
        ]

    def roles(self) -> Roles:
        image = self.given.get('image')
        if image is None:
            image = self._image()
        if self.samples[image].lists:
            self._fail(
                f'column {self.names[image]!r} holds lists, not names of images',
                'name the one that does with --image-column',
            )
        self.free = [k for k in self.free if k != image]
        group = self.given.get('group')
        label = self.given.get('label')
        if label is None and not self.wide:
            label = self._label()
        if label is None:
            classes = tuple(k for k in self.free if self.samples[k].values)
            if not classes:
                self._fail('has no column of labels', 'name it with --label-column')
            return Roles(image, group=group, classes=classes)
        if self.samples[label].deep:
            self._fail(
                f'column {self.names[label]!r} holds lists of objects',
                'give labels, lists of labels, or objects from labels to scores',
            )
        self.free = [k for k in self.free if k != label]
        score = self.given.get('score')
        if score is None and not self.unscored:
            score = self._score()
        return Roles(image, label, score, group)

    def _image(self) -> int:
        named = [k for k in self.named.get('image', []) if k in self.free]
        if len(named) > 1:
            files = [k for k in named if self.samples[k].files]
            named = files if len(files) == 1 else named
        if len(named) > 1:
            self._ask('images', 'image', named)
        if named:
            return named[0]
        others = {k for role, found in self.named.items() for k in found}
        others |= {self.given[role] for role in self.given}
        rest = [k for k in self.free if k not in others and not self.samples[k].nested]
        files = [k for k in rest if self.samples[k].files]
        if len(files) > 1:
            self._ask('images', 'image', files)
        if files:
            return files[0]
        texts = [k for k in rest if not self.samples[k].values] or rest
        first, *further = texts or [0]
        if any(self.samples[first].distinct < 2 * self.samples[k].distinct for k in further):
            self._ask('images', 'image', texts)
        if not texts:
            self._fail('has no column of images', 'name it with --image-column')
        return first

    def _label(self) -> Optional[int]:
        """The column of labels; None where each class has a column."""
        named = [k for k in self.named.get('label', []) if k in self.free]
        scores = [k for role in ('score', 'verdict') for k in self.named.get(role, [])]
        rest = [k for k in self.free if k not in scores]
        values = [k for k in rest if self.samples[k].values and self.samples[k].cells]
        texts = [k for k in named if k not in values]
        if len(texts) > 1:
            self._ask('labels', 'label', texts)
        if texts:
            return texts[0]
        if len(named) == 1 and [*values] == named:
            return named[0]  # classes are called 0 and 1
        if named:
            self._ask_wide(named, values)
        others = [k for k in rest if not self.samples[k].values]
        if not self.header:
            return self._label_without_header(others, values)
        return self._label_among(others, values, bool(scores))

    def _label_among(self, others: List[int], values: List[int], scored: bool) -> Optional[int]:
        """The same where no column is called so: ``values`` look like scores, ``others`` do not."""
        numeric = all(self.samples[k].numeric for k in others)
        if values and others and not (numeric and len(values) > 1 and not scored):
            self._ask_wide(others, values)
        if values or not others:
            return None
        if len(others) > 1:
            self._ask('labels', 'label', others)
        return others[0]

    def _label_without_header(self, others: List[int], values: List[int]) -> int:
        numeric = [k for k in others if self.samples[k].numeric]
        if len(others) == 2 and len(numeric) == 1 and not values:  # scores out of range
            others = [k for k in others if k not in numeric]
        found = others or values
        if not found:
            self._fail('has no column of labels', 'give rows of an image and a label')
        if len(found) > 1:
            self._ask('labels', 'label', found)
        return found[0]

    def _score(self) -> Optional[int]:
        order = ('score', 'verdict') if self.kind == 'noisy' else ('verdict', 'score')
        for role in order:
            named = [k for k in self.named.get(role, []) if k in self.free]
            if role == 'score' and self.kind == 'verified':
                named = [k for k in named if self._says_verdicts(k)]
            if len(named) > 1:
                self._ask('scores' if self.kind == 'noisy' else 'verdicts', 'score', named)
            if named:
                return named[0]
        if self.header:
            self._ask_unscored()
            return None
        numbers = [k for k in self.free if self.samples[k].values or self.samples[k].numeric]
        if len(numbers) > 1:
            self._ask('scores' if self.kind == 'noisy' else 'verdicts', 'score', numbers)
        return numbers[0] if numbers else None

    def _ask_unscored(self) -> None:
        """Asks whether a column of numbers is that of scores; other numbers are passed over."""
        spare = [k for k in self.free if self.samples[k].values and self.samples[k].shown]
        spare = [k for k in spare if self._says_verdicts(k) != (self.kind == 'noisy')]
        if self.kind == 'verified':
            spare += [k for k in self.named['score'] if k in self.free]
        if spare:
            what = 'scores' if self.kind == 'noisy' else 'verdicts'
            name, shown = self.names[spare[0]], self.samples[spare[0]].shown[0]
            self._fail(
                f'column {name!r} could hold the {what}, such as {shown!r}',
                f'say --score-column {name!r}, or --score-column {NONE} where there are none',
            )

    def _says_verdicts(self, k: int) -> bool:
        sample = self.samples[k]
        return sample.nested or all(text.strip().lower() in _VERDICTS for text in sample.shown)

    def _place(self, role: str, name: str) -> int:
        if name in self.names:
            return self.names.index(name)
        close = [k for k, other in enumerate(self.names) if other.casefold() == name.casefold()]
        if len(close) == 1:
            return close[0]
        have = f'columns are {", ".join(self.names[:20])}'
        raise InputError(
            f'--{role}-column {name}: is no column of {self.path}; {have}{like(name, self.names)}'
        )

    def _named(self, role: str, taken: set) -> List[int]:
        return [
            k for k, name in enumerate(self.names) if k not in taken and plain(name) in NAMES[role]
        ]

    def _quoted(self, places: Sequence[int]) -> str:
        shown = [repr(self.names[k]) for k in places[:4]]
        return ', '.join(shown[:-1]) + f' and {shown[-1]}' if shown[1:] else shown[0]

    def _ask(self, what: str, role: str, places: Sequence[int]) -> NoReturn:
        self._fail(
            f'columns {self._quoted(places)} could all hold the {what}',
            f'name the one that does with --{role}-column'
            + ('' if self.header else ' (it has no header, so columns are 1, 2, 3, ...)'),
        )

    def _ask_wide(self, labels: Sequence[int], values: Sequence[int]) -> NoReturn:
        self._fail(
            f'column {self._quoted(labels[:1])} could hold the labels, or columns '
            f'{self._quoted(values)} could be a class each',
            f"say --label-column {self.names[labels[0]]!r} or --label-column '{WIDE}'",
        )

    def _fail(self, what: str, mend: str) -> NoReturn:
        raise InputError(f'{self.path}: {what}; {mend}')
