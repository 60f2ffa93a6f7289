"""The public functions that read and write labels of any format."""

from __future__ import annotations

import os
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any, Dict, Mapping, Optional, Sequence

import numpy as np

from mmnoisy.datasets.sources.base import (
    KINDS,
    SOURCES,
    Kind,
    LabelTable,
    Options,
    find_source,
    named_source,
)
from mmnoisy.datasets.sources.frames import read_frame
from mmnoisy.errors import InputError


def read_labels(source: Any, kind: Kind = 'noisy', **options: Any) -> LabelTable:
    """Reads labels of images from a file, a folder or a data frame.

    The format and which columns hold what are found out, or given.

    Args:
        source: a path, an address that fsspec opens, or a frame of pandas, polars or pyarrow.
        kind: ``'noisy'``, or ``'verified'`` for verdicts of people.
        **options: ``format``, ``sep``, ``list_sep``, ``image_column``, ``label_column``,
            ``score_column`` and ``group_column``, as in
            :class:`~mmnoisy.datasets.sources.base.Options`.

    Returns:
        The labels, and what became of each row.

    Raises:
        InputError: it cannot be read, or not be told what it means.

    Example:
        >>> import pyarrow as pa
        >>> table = read_labels(pa.table({'path': ['a.jpg', 'b.jpg'], 'tags': ['cat;dog', 'dog']}))
        >>> table
        <LabelTable: 3 labels of 2 images, 2 classes, frame>
    """
    if kind not in KINDS:
        raise InputError(f'kind={kind!r}: is unknown; give one of {", ".join(KINDS)}')
    try:
        given = Options(**options)
    except TypeError:
        known = ', '.join(Options.__dataclass_fields__)
        raise InputError(f'{", ".join(options)}: options are {known}') from None
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        return find_source(path, given).read(path, kind, given)
    return read_frame(source, kind, given)


def write_labels(
    table: LabelTable,
    path: str | os.PathLike,
    kind: Kind = 'noisy',
    layout: Optional[Mapping[str, Any]] = None,
    format: Optional[str] = None,
) -> LabelTable:
    """Writes labels like those of a file that was read, or in another format.

    Args:
        table: the labels.
        path: of the file; of a folder where the format is one.
        kind: of the labels.
        layout: of the table that was read.
        format: the name of another one; by default as :func:`layout_to_write` says.

    Returns:
        The table with the layout that it was written in.

    Raises:
        InputError: the format is unknown or cannot hold these labels, or the file not be written.
    """
    written = replace(table, layout=layout_to_write(path, layout, format))
    named_source(written.layout['format']).write(written, os.fspath(path), kind)
    return written


def require_written(
    path: str | os.PathLike,
    layout: Optional[Mapping[str, Any]] = None,
    format: Optional[str] = None,
    images: Sequence[str] = (),
    classes: Sequence[str] = (),
) -> None:
    """Looks whether :func:`write_labels` can write such a file, before any work is done.

    Args:
        path: of the file.
        layout: of the table that was read.
        format: the name of another one.
        images: names of those that are known already; written to a place that is thrown away.
        classes: likewise.

    Raises:
        InputError: the format is unknown or read only, or cannot hold these names.
    """
    path = os.fspath(path)
    written = layout_to_write(path, layout, format)
    source = named_source(written['format'])
    source.require_written(path)
    if not len(images):
        return
    # Each class is that of an image, of the first ones if there are fewer; and none is, since
    # cleaning may leave an image without a label.
    label = np.arange(len(classes))
    image, value = label % len(images), np.full(len(label), 0.5)
    for some in (slice(None), slice(0)):
        labels = image[some], label[some], value[some]
        table = LabelTable([*images], [*classes], *labels, layout=written)
        with TemporaryDirectory(prefix='mmnoisy-') as folder:
            elsewhere = os.path.join(folder, os.path.basename(path))
            try:
                source.write(table, elsewhere, 'noisy')
            except InputError as error:
                raise InputError(str(error).replace(elsewhere, path)) from error


def layout_to_write(
    path: str | os.PathLike, layout: Optional[Mapping[str, Any]], format: Optional[str] = None
) -> Dict[str, Any]:
    """The layout of a file that is to be written: of the one that was read, if it is of its format.

    The format is the one that is named; or that the ending of the file says, where it is not one
    of that of the layout; or that of the layout; or CSV.

    Args:
        path: of the file.
        layout: of the table that was read.
        format: the name of another one.

    Raises:
        InputError: the ending may be that of several formats.
    """
    layout = layout or {}
    own = layout.get('format')
    found = format or _of_ending(os.fspath(path), own) or own
    return {**layout} if found == own and own in SOURCES else {'format': found or 'csv'}


def _of_ending(path: str, own: Optional[str]) -> Optional[str]:
    """The format that the ending of a file says; None where it may be a format's own."""
    ending = os.path.splitext(path.lower().removesuffix('.gz'))[1]
    found = [name for name, source in SOURCES.items() if ending in source.endings]
    if not found or own in found:
        return None
    if ending[1:] in found:
        return ending[1:]
    if len(found) > 1:
        raise InputError(
            f'{path}: its ending is that of {", ".join(found)}; name one of them with --format'
        )
    return found[0]
