"""Documents of annotation tools, JSON and their CSV: told apart, read, and written by items."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Sequence

from mmnoisy.datasets.sources.storage import read_bytes, read_ends
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write


def ends_of_json(path: str) -> str:
    """The beginning and the end of a JSON file, as :func:`has_keys` looks at it.

    Returns:
        Empty where it is no JSON: does not begin with a bracket or a brace, or has a document
        on its first line and goes on, as JSON Lines do. Never raises.
    """
    data = read_ends(path)
    text = data.decode(json.detect_encoding(data), 'replace').lstrip('\ufeff \t\r\n')
    first, _, rest = text.partition('\n')
    if rest.strip() and first.rstrip().endswith('}'):
        with suppress(ValueError, RecursionError):
            json.loads(first)
            return ''
    return text if text.startswith(('[', '{')) else ''


def has_keys(text: str, *keys: str) -> bool:
    """Whether each of some keys stands in a piece of JSON.

    A file of 100 MB is told by its ends, and one that is cut off is too: to read it says so.
    """
    return all(re.search(f'"{key}"\\s*:', text) for key in keys)


def load_json(path: str) -> Any:
    """A JSON document.

    Raises:
        InputError: the file cannot be read or is no JSON.
    """
    data = read_bytes(path)
    try:
        return json.loads(data)
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f'{path}: is no whole JSON file ({error}); export or download it again'
        ) from error


@contextmanager
def as_expected(path: str, title: str) -> Iterator[None]:
    """Says in one sentence that a document is built otherwise than its format is.

    Args:
        path: of it.
        title: of the format.

    Raises:
        InputError: in place of what goes wrong with values of other types and missing keys.
    """
    try:
        yield
    except InputError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f'{path}: is not built as {title} is ({type(error).__name__}: {error}); '
            'export it again, or name its format with --format'
        ) from error


def json_list(head: str, items: Iterable[Any], tail: str) -> Iterator[str]:
    """The pieces of a JSON text with one long list in it, an item a line.

    Args:
        head: the text before the items, such as ``'"images": ['``.
        items: of the list.
        tail: the text after them.
    """
    separator = head + '\n'
    for item in items:
        yield separator + json.dumps(item, ensure_ascii=False)
        separator = ',\n'
    yield (separator if separator != ',\n' else '\n') + tail + '\n'


def json_cell(value: Any) -> Any:
    """The list or dictionary whose JSON a text is; any other value as it is."""
    if isinstance(value, str) and value.startswith(('{', '[')):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def read_csv(path: str, sep: str = ',') -> List[Dict[str, Any]]:
    """The lines of a CSV file with a header, as texts by column.

    Raises:
        InputError: the file cannot be read, is not UTF-8, or a line is not like the first.
    """
    data = read_bytes(path)
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from error
    limit = csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(io.StringIO(text, newline=''), delimiter=sep, strict=True)
    rows = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise InputError(
                    f'{path}: line {reader.line_num} has not the columns of the first; mend it'
                )
            rows.append(row)
    except csv.Error as error:
        raise InputError(f'{path}: line {reader.line_num}: {error}; mend it') from error
    finally:
        csv.field_size_limit(limit)
    return rows


def write_csv(
    path: str, columns: Sequence[str], rows: Iterable[Dict[str, Any]], sep: str = ','
) -> None:
    """Writes a CSV file; lists and dictionaries as JSON."""
    with atomic_write(Path(path), newline='') as file:
        # Python before 3.10 puts a lone \r in quotes only where it does so with every text.
        writer = csv.writer(file, delimiter=sep, lineterminator='\n', quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(row.get(column)) for column in columns])


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def _not_utf8(path: str, error: UnicodeDecodeError) -> InputError:
    byte = error.object[error.start]
    return InputError(
        f'{path}: is not UTF-8 (byte {error.start} is {byte:#04x}); save it in this encoding'
    )
