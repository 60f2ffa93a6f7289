"""Rows of a CSV file: what is between columns, whether there is a header, and the columns."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Dict, List, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from mmnoisy.datasets.sources.base import Options
from mmnoisy.datasets.sources.cell_values import flat
from mmnoisy.datasets.sources.column_names import WIDE, Sample, is_known
from mmnoisy.datasets.sources.list_cells import given_separator
from mmnoisy.datasets.sources.opening import decode, not_utf8, open_file
from mmnoisy.errors import InputError
from mmnoisy.io.spreadsheet import from_text

RAGGED = 'another number of cells than the other rows'
_SEPARATORS = (',', ';', '\t')
_NAMES = {',': 'a comma', ';': 'a semicolon', '\t': 'a tab'}
_MAX_SAMPLE = 1000
_BLOCK = 2**23
# Of mmnoisy.io.spreadsheet, for all cells at once.
_QUOTED_FORMULA = r"^'+[=+\-@\t\r\n]"


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        sep: between columns.
        header: whether the first row has names.
        names: of the columns; without a header numbers from 1.
        padded: whether a space follows each separator.
        quotes_after_spaces: whether quotes do, which Arrow's reader takes for a part of the cell.
    """

    sep: str
    header: bool
    names: Tuple[str, ...]
    padded: bool = False
    quotes_after_spaces: bool = False


def sample_rows(text: str, sep: str, whole: bool) -> List[List[str]]:
    """The first rows of a file, blank ones left out; none where it cannot be read so.

    Args:
        text: from its start.
        sep: between columns.
        whole: False where the last row may be cut.
    """
    reader = csv.reader(io.StringIO(text.replace('\0', '\ufffd'), newline=''), delimiter=sep)
    try:
        rows = list(islice(reader, _MAX_SAMPLE + 1))
    except csv.Error:  # such as a quote that is never closed
        return []
    cut = len(rows) > _MAX_SAMPLE or not whole
    return [row for row in (rows[:-1] if cut and rows[1:] else rows) if any(row)]


def sniff(text: str, whole: bool, options: Options, path: str) -> Tuple[Dialect, List[List[str]]]:
    """Finds out how a file is written.

    Args:
        text: from its start.
        whole: whether this is all of it.
        options: what is given.
        path: to name the file.

    Returns:
        The dialect, and the first cells of each column.

    Raises:
        InputError: it has one column only, or two readings are as good.
    """
    given = given_separator(options.sep)
    if given is not None and len(given) != 1:
        raise InputError(f'--sep {options.sep}: is not one character; give , or ; or tab')
    tried = {sep: sample_rows(text, sep, whole) for sep in ([given] if given else _SEPARATORS)}
    ranks = {sep: _rank(rows) for sep, rows in tried.items() if rows and _width(rows) > 1}
    if not ranks:
        raise InputError(
            f'{path}: has no two columns with {_either(tried)} between them, or a quote that is '
            'not closed; give rows of an image and its labels, or what is between with --sep'
        )
    best = [sep for sep, rank in ranks.items() if rank == max(ranks.values())]
    if len(best) > 1:
        raise InputError(
            f'{path}: columns may have {_either(best)} between them; say which with --sep'
        )
    sep = best[0]
    rows = tried[sep]
    width = _width(rows)
    header = len(rows[0]) == width and _has_header(rows, width, options, path)
    if len(rows[0]) != width and any(map(is_known, rows[0])):
        raise InputError(
            f'{path}: the header has {len(rows[0])} columns and the rows have {width}; make them '
            'as many'
        )
    rows = [row for row in rows if len(row) == width]
    padded = _is_padded(rows)
    cells = [[row[k] for row in rows[header:]] for k in range(width)]
    if padded:
        cells = [[cell.lstrip(' ') for cell in column] for column in cells]
    names = tuple(
        from_text(cell.strip()) if header else str(k) for k, cell in enumerate(rows[0], 1)
    )
    quotes = padded and any(f'{sep}{" " * n}"' in text for n in (1, 2))
    return Dialect(sep, header, names, padded, quotes), cells


def _either(seps: Any) -> str:
    return ' or '.join(_NAMES.get(sep, repr(sep)) for sep in seps)


def _width(rows: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0]


def _rank(rows: List[List[str]]) -> Tuple[int, bool, bool, float]:
    """How well rows look like images and labels."""
    width = _width(rows)
    whole = [row for row in rows if len(row) == width]
    share = len(whole) / len(rows)
    known = sum(map(is_known, rows[0])) if len(rows[0]) == width else 0
    files = any(Sample(column).files for column in zip(*whole[1:] or whole))
    return min(known, 2), files, share > 0.9, round(share, 2)


def _is_padded(rows: Sequence[Sequence[str]]) -> bool:
    further = [cell for row in rows for cell in row[1:] if cell]
    return bool(further) and all(cell.startswith(' ') for cell in further)


def _has_header(rows: List[List[str]], width: int, options: Options, path: str) -> bool:
    first, *rest = rows
    columns = [Sample(column) for column in zip(*(row for row in rest if len(row) == width))]
    given = (options.image_column, options.label_column, options.score_column)
    asked = [name for name in given if name and name != WIDE]
    cells = {cell.strip().casefold() for cell in first}
    if any(name.casefold() in cells for name in asked):
        return True
    if any(name.isdigit() for name in asked):
        return False
    alone = [Sample([cell]) for cell in first]
    files = [k for k, column in enumerate(columns) if column.files and column.cells]
    if files:
        return not any(alone[k].files for k in files)
    if any(cell.files for cell in alone):
        return False
    if any(map(is_known, first)):
        return True
    if any(column.numeric and not cell.numeric for column, cell in zip(columns, alone)):
        return True
    if any(cell in column.shown for column, cell in zip(columns, first) if cell):
        return False
    raise InputError(
        f'{path}: {first[0]!r}, {first[1]!r} may be a header or a row; name the columns with '
        '--image-column and --label-column (1 and 2 where there is no header)'
    )


def load_columns(
    path: str, dialect: Dialect, places: Sequence[int]
) -> Tuple[Dict[int, pa.Array], int, str]:
    """Reads columns of texts.

    Args:
        path: of the file.
        dialect: of :func:`sniff`.
        places: of the columns.

    Returns:
        The columns by their places; how many rows have another number of cells, and the first.

    Raises:
        InputError: the file cannot be read.
    """
    read = _read_with_python if dialect.quotes_after_spaces else _read_with_arrow
    columns, ragged, example = read(path, dialect, sorted({*places}))
    columns = {k: _as_meant(flat(c), dialect.padded and k > 0) for k, c in columns.items()}
    return columns, ragged, example


def _read_with_arrow(
    path: str, dialect: Dialect, places: Sequence[int]
) -> Tuple[Dict[int, Any], int, str]:
    ragged: List[str] = []
    unclosed: List[str] = []

    def skip(row: Any) -> str:
        ragged.append('' if ragged else row.text)
        if '\n' in row.text:
            unclosed.append(row.text)
        return 'skip'

    names = [str(k) for k in range(len(dialect.names))]
    used = [names[k] for k in places]
    text = pa.dictionary(pa.int32(), pa.string())
    try:
        with open_file(path) as opened:
            file = _CountsQuotes(opened)
            table = arrow_csv.read_csv(
                file,
                arrow_csv.ReadOptions(
                    column_names=names, skip_rows_after_names=dialect.header, block_size=_BLOCK
                ),
                arrow_csv.ParseOptions(
                    delimiter=dialect.sep, newlines_in_values=True, invalid_row_handler=skip
                ),
                arrow_csv.ConvertOptions(
                    include_columns=used,
                    column_types=dict.fromkeys(used, text),
                    strings_can_be_null=False,
                    null_values=[],
                ),
            )
    except pa.ArrowInvalid as error:
        if 'UTF8' in str(error):
            raise not_utf8(path) from error
        raise InputError(f'{path}: is no sound CSV file ({error}); write it anew') from error
    columns = {k: table.column(name) for k, name in zip(places, used)}
    unclosed += [column[-1].as_py() for column in columns.values() if len(column)]
    rest = next((text for text in unclosed if '\n' in text), None)
    if rest and file.quotes % 2:
        where = repr(rest.splitlines()[0])
        raise InputError(f'{path}: a quote is opened and never closed, in {where}; close it')
    return columns, len(ragged), ragged[0] if ragged else ''


class _CountsQuotes:
    """A file that tells how many quotes have been read."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.quotes = 0

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.quotes += data.count(b'"')
        return data


def all_rows(path: str, sep: str) -> List[List[str]]:
    """The cells of all rows that are not blank, with Python's reader, which is slow.

    Args:
        path: of a CSV file.
        sep: between columns; spaces after it are left out.

    Raises:
        InputError: the file cannot be read.
    """
    with open_file(path) as file:
        text = decode(file.read(), path)
    # Before Python 3.11 csv refuses NUL. UTF-8 cannot say the other character.
    stands_for_nul = '\udc00'
    lines = io.StringIO(text.replace('\0', stands_for_nul), newline='')
    try:
        rows = [*filter(any, csv.reader(lines, delimiter=sep, skipinitialspace=True))]
    except csv.Error as error:
        raise InputError(f'{path}: is no sound CSV file ({error}); write it anew') from error
    if '\0' in text:
        rows = [[cell.replace(stands_for_nul, '\0') for cell in row] for row in rows]
    return rows


def _read_with_python(
    path: str, dialect: Dialect, places: Sequence[int]
) -> Tuple[Dict[int, Any], int, str]:
    rows = all_rows(path, dialect.sep)[int(dialect.header) :]
    whole = [row for row in rows if len(row) == len(dialect.names)]
    ragged = [row for row in rows if len(row) != len(dialect.names)]
    columns = {k: pa.array([r[k] for r in whole], pa.string()).dictionary_encode() for k in places}
    return columns, len(ragged), dialect.sep.join(ragged[0]) if ragged else ''


def _as_meant(column: pa.Array, padded: bool) -> pa.Array:
    """Without spaces before cells, and without the marks of :mod:`mmnoisy.io.spreadsheet`."""
    known = column.dictionary
    if padded:
        known = pc.utf8_ltrim(known, ' ')
    quoted = pc.match_substring_regex(known, _QUOTED_FORMULA)
    if pc.any(quoted).as_py():
        known = pc.if_else(quoted, pc.replace_substring_regex(known, "^'", ''), known)
    elif not padded:
        return column
    merged = known.dictionary_encode()
    codes = merged.indices.take(column.indices)
    return pa.DictionaryArray.from_arrays(codes, merged.dictionary)
