"""Reads what a release says of its classes: the list, the names, the categories (no MM imports)."""

from __future__ import annotations

import csv
import re
from typing import Dict, List, Sequence, Tuple

from mmnoisy.datasets.release.files import ReleaseFile, read_text
from mmnoisy.errors import InputError
from mmnoisy.wording import counted

MID = '/[mg]/[0-9A-Za-z_-]+'


def read_class_list(file: ReleaseFile) -> List[str]:
    """Reads one MID per line (``labelmap.txt``, ``classes-trainable.txt``), order kept.

    Raises:
        InputError: the file is missing or empty, or a line is no MID or appears twice.
    """
    rows = _rows(file)
    if rows and rows[0][0] == 'LabelName':
        rows = rows[1:]
    classes = [' '.join(filter(None, row)) for row in rows]
    _check_class_list(file, classes)
    return classes


def read_named_classes(file: ReleaseFile) -> Tuple[List[str], List[str]]:
    """Reads a class list that has the names too, rows ``LabelName,DisplayName``, order kept.

    Returns:
        The MIDs and their names.

    Raises:
        InputError: as :func:`read_class_list` and :func:`read_pairs`.
    """
    pairs = read_pairs(file)
    classes = [mid for mid, _ in pairs]
    _check_class_list(file, classes)
    return classes, [name for _, name in pairs]


def _check_class_list(file: ReleaseFile, classes: Sequence[str]) -> None:
    if not classes:
        raise InputError(f'{file}: the class list is empty; give one MID such as /m/06ht1 per line')
    seen = set()
    for mid in classes:
        if not re.fullmatch(MID, mid) or mid in seen:
            what = 'appears twice' if mid in seen else 'is no MID such as /m/06ht1'
            raise InputError(f'{file}: {mid!r} {what}; give each class once, one per line')
        seen.add(mid)


def chosen_classes(given: Sequence[str], classes: Sequence[str]) -> List[str]:
    """Classes that a user names, each by its MID or all by a file of MIDs.

    Args:
        given: MIDs and paths of files with one MID on each line.
        classes: the class list that they are to be in.

    Raises:
        InputError: a file cannot be read, or a MID is not in the class list.
    """
    chosen: List[str] = []
    for text in given:
        is_mid = re.fullmatch(MID, text) is not None
        chosen += [text] if is_mid else read_class_list(ReleaseFile.parse(text))
    known = set(classes)
    unknown = next((mid for mid in chosen if mid not in known), None)
    if unknown:
        raise InputError(
            f'--classes: {unknown} is not among the {counted(len(classes), "class")} of the index; '
            'give MIDs of its class list'
        )
    return chosen


def read_pairs(file: ReleaseFile) -> List[List[str]]:
    """Reads two columns keyed by MID: class descriptions or ``LabelName,Category``.

    A header line is skipped (Open Images V6 and V7 have one, V1 to V5 do not): a data row begins
    with ``/``.

    Returns:
        ``[mid, text]`` rows in the order of the file.

    Raises:
        InputError: the file is missing or a row has not exactly two fields.
    """
    rows = _rows(file)
    if rows and not rows[0][0].startswith('/'):
        rows = rows[1:]
    for row in rows:
        if len(row) != 2:
            raise InputError(
                f'{file}: {",".join(row)!r} has {len(row)} fields instead of 2; '
                'quote texts that contain commas'
            )
    return rows


def _rows(file: ReleaseFile) -> List[List[str]]:
    """The rows that are not blank, of fields that end in commas, semicolons or tabs."""
    text = read_text(file)
    # The mark is what comes after the first MID, which has none of them.
    first = re.search(f'^"?{MID}"?([,;\t])', text, re.MULTILINE)
    mark = first[1] if first else ','
    try:
        rows = csv.reader(text.splitlines(), delimiter=mark)
        return [[field.strip() for field in row] for row in rows if any(row)]
    except csv.Error as error:
        raise InputError(f'{file}: is no CSV file ({error}); give rows of two fields') from error


def read_categories(file: ReleaseFile, classes: Sequence[str]) -> Tuple[List[List[str]], List[str]]:
    """Reads rows ``LabelName,Category``, several for a class allowed.

    Args:
        file: the CSV.
        classes: (C) MIDs.

    Returns:
        The categories of each class, and the MIDs of the rows of other classes.

    Raises:
        InputError: the file cannot be read, or has no row of any of the classes.
    """
    categories: Dict[str, List[str]] = {mid: [] for mid in classes}
    unknown = []
    for mid, category in read_pairs(file):
        if not category.strip():
            raise InputError(f'{file}: {mid!r} has an empty category; name one or drop the row')
        if mid in categories:
            categories[mid].append(category)
        else:
            unknown.append(mid)
    if not any(categories.values()):
        found = f'none of its {counted(len(unknown), "row")} is of a class of the index'
        raise InputError(f'{file}: {found}; give rows such as {classes[0]},animal')
    return list(categories.values()), unknown
