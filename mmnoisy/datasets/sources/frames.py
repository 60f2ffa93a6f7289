"""Data frames in Python: pandas, polars, Arrow and whatever shares Arrow's memory."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from mmnoisy.datasets.sources.arrow_tables import labels_of_arrow
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options
from mmnoisy.datasets.sources.list_cells import text_of
from mmnoisy.errors import InputError

_SAMPLE = 1000
_INDEX = '__index_level_0__'


def read_frame(frame: Any, kind: Kind, options: Options) -> LabelTable:
    """Reads labels from a data frame: a row a label or an image, or a column a class.

    Args:
        frame: of pandas, polars or pyarrow, or any object with ``__arrow_c_stream__``.
        kind: of the labels.
        options: what is said of it.

    Raises:
        InputError: it is no data frame, it cannot be told which columns hold what, or no row can
            be used.
    """
    table = _arrow_table(frame)
    name = f'{type(frame).__module__.split(".")[0]} frame'
    try:
        return labels_of_arrow(
            table[:_SAMPLE], table.select, dict(format='frame'), kind, options, name
        )
    except pa.ArrowException as error:
        raise InputError(f'{name}: {error}; give texts, numbers or lists') from error


def _arrow_table(frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if hasattr(frame, 'to_arrow'):
        return frame.to_arrow()
    if hasattr(frame, 'iloc'):
        return _from_pandas(frame)
    if hasattr(frame, '__arrow_c_stream__'):
        return pa.table(frame)
    raise InputError(
        f'{type(frame).__name__}: is no data frame; give one of pandas, polars or pyarrow, or the '
        'path of a file'
    )


def _from_pandas(frame: Any) -> pa.Table:
    """With an index of texts as a column; one of numbers says nothing."""
    frame = frame.rename(columns=str)
    try:
        table = pa.Table.from_pandas(frame)
    except pa.ArrowException:  # columns of texts and numbers together
        mixed = [name for name, kind in frame.dtypes.items() if kind.kind == 'O']
        texts = {name: frame[name].map(_text, na_action='ignore') for name in mixed}
        try:
            table = pa.Table.from_pandas(frame.assign(**texts))
        except pa.ArrowException as error:
            raise InputError(f'pandas frame: {error}; give texts, numbers or lists') from error
    if _INDEX not in table.column_names:
        return table
    if pa.types.is_integer(table.column(_INDEX).type) or 'image' in table.column_names:
        return table.drop([_INDEX])
    return table.rename_columns(
        ['image' if name == _INDEX else name for name in table.column_names]
    )


def _text(cell: Any) -> Any:
    return cell if isinstance(cell, (list, dict, tuple, set)) else text_of(cell)
