"""Folders of CSV files that are one table, as Spark writes them."""

from __future__ import annotations

import posixpath
from typing import Dict, List, Sequence, Tuple

import pyarrow as pa

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.sources.cell_values import flat
from mmnoisy.datasets.sources.csv_rows import RAGGED, Dialect, load_columns, sample_rows
from mmnoisy.datasets.sources.opening import HEAD, open_file, read_head
from mmnoisy.datasets.sources.storage import files_below, is_folder, join
from mmnoisy.errors import InputError

ENDINGS = ('.csv', '.tsv', '.csv.gz', '.tsv.gz')


def csv_files(folder: str) -> List[str]:
    """The files of a folder of CSV files, by name; none where others lie beside them.

    Files such as ``_SUCCESS``, with which a job says that it has ended, do not count.

    Raises:
        InputError: the folder cannot be read.
    """
    names = [name for name in files_below(folder) if posixpath.basename(name)[0] != '_']
    alone = all(name.lower().endswith(ENDINGS) for name in names)
    return [join(folder, name) for name in names] if alone else []


def files_of(path: str) -> Tuple[List[str], str]:
    """The files of a table, and the one by which all are understood.

    Args:
        path: of a file, or of a folder, of which empty files are left out.

    Returns:
        The files, and the first that is more than a header, if there is one.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    if not is_folder(path):
        return [path], path
    files = [one for one in csv_files(path) if _is_filled(one)]
    if not files:
        raise InputError(f'{path}: is no folder of CSV files alone; give one, or a file')
    return files, next((one for one in files if '\n' in read_head(one)[0].strip()), files[0])


def load_files(
    files: Sequence[str], sample: str, dialect: Dialect, places: Sequence[int], account: Account
) -> Dict[int, pa.Array]:
    """Reads columns of texts of all files, one after the other.

    Args:
        files: of a table.
        sample: one of them.
        dialect: of that one.
        places: of the columns.
        account: of rows, to which those with another number of cells are added.

    Raises:
        InputError: a file cannot be read, or has another header than the sample.
    """
    parts = []
    for path in files:
        if path != sample and dialect.header:
            _check_header(path, sample, dialect.sep)
        columns, ragged, example = load_columns(path, dialect, places)
        account.drop(RAGGED, ragged, repr(example[:200]))
        parts.append(columns)
    if len(parts) == 1:
        return parts[0]
    return {k: flat(pa.chunked_array([part[k] for part in parts])) for k in parts[0]}


def _is_filled(path: str) -> bool:
    with open_file(path) as file:
        return bool(file.read(HEAD).strip())


def _check_header(path: str, sample: str, sep: str) -> None:
    if _header(path, sep) != _header(sample, sep):
        raise InputError(f'{path}: has other columns than {sample}; leave files of one kind there')


def _header(path: str, sep: str) -> List[str]:
    text, whole = read_head(path)
    return [cell.strip() for cell in sample_rows(text, sep, whole)[0]]
