"""The public function that reads labels of any format."""

from __future__ import annotations

import os
from typing import Any

from mmnoisy.datasets.sources.base import KINDS, Kind, LabelTable, Options, find_source
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
