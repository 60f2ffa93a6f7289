"""What a source of labels is, and what it gives: labels of images in the words of their owner.

A source knows one format, reads it and writes it. Images and classes are named as the file names
them; which pictures and which rows of an index these are is decided later.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Dict, List, Literal, Optional, Tuple, Type, TypeVar

import numpy as np

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.sources.opening import read_head
from mmnoisy.errors import InputError
from mmnoisy.wording import counted

Kind = Literal['noisy', 'verified']
KINDS = ('noisy', 'verified')


@dataclass(repr=False)
class LabelTable:
    """Labels of images, one label of one image after the other, in the order of the source.

    Attributes:
        images: (I,) names of the images, each once, in the order of the source; those without a
            label too, where the source lists them.
        classes: (C,) names of the classes, each once, in the order of the source.
        image: (R,) integers, the place in ``images`` of each label.
        label: (R,) integers, the place in ``classes``.
        value: (R,) float32. Of a noisy label its confidence in [0, 1], 1 where the source gives
            none; of a verdict 1 for present and 0 for absent.
        layout: how the source was understood, so that labels can be written like it again: texts,
            numbers and lists that JSON holds, ``format`` among them.
        account: of all rows.
        groups: (I,) what belongs together, by image, where a column of groups was asked for.
        verdicts: on the same images and classes, for a format that holds them beside noisy labels.
        columns: (I,) Arrow arrays, what further columns of the source say of each image, by name;
            they are written back in a file of the same shape.
        lists_classes: whether the source lists its classes, with and without labels: of others it
            says nothing.
    """

    images: List[str]
    classes: List[str]
    image: np.ndarray
    label: np.ndarray
    value: np.ndarray
    layout: Dict[str, Any]
    account: Account = field(default_factory=Account)
    groups: Optional[List[str]] = None
    verdicts: Optional[LabelTable] = None
    columns: Dict[str, Any] = field(default_factory=dict)
    lists_classes: bool = False

    def __post_init__(self) -> None:
        self.image, self.label = (np.asarray(a, np.int64) for a in (self.image, self.label))
        self.value = np.asarray(self.value, np.float32)
        assert len(self.image) == len(self.label) == len(self.value)

    def __repr__(self) -> str:
        counts = f'{counted(len(self.label), "label")} of {counted(len(self.images), "image")}'
        form = self.layout.get('format', 'of no file')
        return f'<LabelTable: {counts}, {counted(len(self.classes), "class")}, {form}>'

    def to_pandas(self) -> Any:
        """A data frame of ``image``, ``label`` and ``value``, and ``group`` if there are any."""
        try:
            import pandas as pd
        except ImportError as error:
            raise InputError(
                'to_pandas: pandas is not installed; run pip install pandas'
            ) from error
        columns: Dict[str, Any] = dict(
            image=np.array(self.images, object)[self.image],
            label=np.array(self.classes, object)[self.label],
            value=self.value,
        )
        if self.groups is not None:
            columns['group'] = np.array(self.groups, object)[self.image]
        return pd.DataFrame(columns)


@dataclass(frozen=True)
class Options:
    """What a user says of a source; None is found out.

    Attributes:
        format: the ``name`` of a source.
        sep: between columns.
        list_sep: between the labels of one cell; ``none`` where each holds one.
        image_column, label_column, score_column, group_column: names of columns, or their
            numbers from 1 where there is no header; ``*`` for the labels where each other column
            is a class. Verdicts are a score; ``none`` for scores where there are none.
    """

    format: Optional[str] = None
    sep: Optional[str] = None
    list_sep: Optional[str] = None
    image_column: Optional[str] = None
    label_column: Optional[str] = None
    score_column: Optional[str] = None
    group_column: Optional[str] = None


class Source(ABC):
    """One format of labels.

    A new format is a class in a file of its own with ``@register`` before it.
    """

    name: ClassVar[str]
    """In ``--format`` and in a layout, such as ``coco``."""
    title: ClassVar[str]
    """In sentences, such as ``COCO JSON``."""
    unwritten: ClassVar[str] = ''
    """Why a format is read only, to be put behind its title."""
    endings: ClassVar[Tuple[str, ...]] = ()
    """Of the files that it is written to, such as ``.json``; several formats may share one."""
    scored: ClassVar[bool] = True
    """Whether it holds confidences."""

    @classmethod
    @abstractmethod
    def recognises(cls, path: str) -> bool:
        """Whether a file or folder is of this format, by its content; never raises.

        Args:
            path: local, or an address that fsspec opens.
        """

    @abstractmethod
    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels.

        Args:
            path: of a file or folder, local or an address that fsspec opens.
            kind: whether the labels are noisy or verdicts.
            options: what the user says of it.

        Raises:
            InputError: it cannot be read, or says nothing of this kind.
        """

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes labels so that :meth:`read` gives them back; a read-only format leaves this out.

        Args:
            table: the labels; of its ``layout`` whatever this format knows is followed.
            path: of the file, or of a folder where the format is one; appears whole.
            kind: of the labels.

        Raises:
            InputError: the format cannot say this, such as that a label is absent, or is not
                written at all.
        """
        assert self.unwritten, f'{type(self).__name__}: give write, or say why it is read only'
        self.require_written(path)

    def require_written(self, path: str) -> None:
        """Looks whether the format is written at all.

        Args:
            path: to be written, for the message.

        Raises:
            InputError: it is read only.
        """
        if self.unwritten:
            raise InputError(
                f'{path}: labels are not written as {self.title}, {self.unwritten}; name another '
                'format with --format'
            )


SOURCES: Dict[str, Type[Source]] = {}
"""All formats by name; the first that recognises a file reads it."""

S = TypeVar('S', bound=Type[Source])


def register(source: S) -> S:
    """Adds a format."""
    SOURCES[source.name] = source
    return source


def named_source(name: str) -> Source:
    """The source of a format.

    Raises:
        InputError: there is no such format.
    """
    if name not in SOURCES:
        raise InputError(f'--format {name}: is no format; formats are {", ".join(SOURCES)}')
    return SOURCES[name]()


def find_source(path: str, options: Options) -> Source:
    """The source for a file or folder: the one that is named, or that recognises it.

    Raises:
        InputError: there is no such format, or none recognises it.
    """
    if options.format is not None:
        return named_source(options.format)
    if '://' not in path and not os.path.exists(path):
        raise InputError(f'{path}: there is no such file or folder; check the path')
    for source in SOURCES.values():
        if source.recognises(path):
            return source()
    if not os.path.isdir(path):
        read_head(path)  # says what is wrong with a file that holds no text
    raise InputError(
        f'{path}: is in no format that is known; name one of {", ".join(SOURCES)} with --format, '
        'or save it as a CSV file with a line "image,label" for each label'
    )
