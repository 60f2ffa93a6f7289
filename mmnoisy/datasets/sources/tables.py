"""From a table of any format, once its columns are read, to labels and how they stood."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, Iterable, List, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.release.values import ABSENT, MINUS, PRESENT
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options
from mmnoisy.datasets.sources.cell_values import confidences, is_list, texts, verdicts
from mmnoisy.datasets.sources.column_names import is_plural
from mmnoisy.datasets.sources.further_columns import ROLE, is_kept
from mmnoisy.datasets.sources.gathering import Cells, gather
from mmnoisy.datasets.sources.list_cells import ONE, find_form, given_separator
from mmnoisy.datasets.sources.list_columns import ARRAY
from mmnoisy.datasets.sources.roles import Roles
from mmnoisy.errors import InputError

_PAIRS = {'true': 'false', 'yes': 'no'}


def labels_of(
    names: Sequence[str],
    columns: Mapping[int, pa.Array],
    roles: Roles,
    layout: Dict[str, Any],
    kind: Kind,
    options: Options,
    account: Account,
    path: str,
) -> LabelTable:
    """Labels of a table.

    Args:
        names: of all columns.
        columns: those that count, and others to keep, by their places, of
            :func:`cell_values.flat`.
        roles: which they are.
        layout: what is known of the format; all that the table tells is added.
        kind: of the labels.
        options: what is given.
        account: of rows left out so far.
        path: to name the source.

    Raises:
        InputError: there is no row, or none can be used.
    """
    if not len(columns[roles.image]):
        found = next((f' ({reason})' for reason in account.dropped), '')
        raise InputError(f'{path}: has no row of an image{found}; give one for each label')
    places = dict(image=roles.image, label=roles.label, score=roles.score, group=roles.group)
    used = {role: k for role, k in places.items() if k is not None}
    for role in places:
        layout[f'{role}_column'] = names[used[role]] if role in used else None
    given = {name: value for name, value in asdict(options).items() if value is not None}
    layout['given'] = {name: value for name, value in given.items() if name != 'format'}
    layout['order'] = sorted(used, key=lambda role: used[role])
    layout['ignored'] = [name for k, name in enumerate(names) if k not in roles.used]
    cells = Cells(**{role: columns[k] for role, k in used.items()})
    further = {
        names[k]: k
        for k, column in columns.items()
        if k not in roles.used and is_kept(column.type) and [*names].count(names[k]) == 1
    }
    cells.further = {name: columns[k] for name, k in further.items()}
    if cells.label is None:
        cells.classes = [(names[k], columns[k]) for k in roles.classes]
        layout['shape'] = 'wide'
        values = [column for _, column in cells.classes]
        layout['none'] = '0' if any(map(_has_zero, values[:100])) else ''
    else:
        cells.form = _form(cells, layout, kind, options, path)
        layout['shape'] = 'long' if cells.form == ONE else 'list'
        layout['list_sep'] = cells.form
        values = [] if cells.score is None else [cells.score]
    if kind == 'verified':
        layout['words'] = _words(values)
    elif any(map(_has_comma, values)) and layout['shape'] != 'list':
        layout['decimal'] = ','
    table = gather(cells, layout, kind, account, path)
    if table.columns:
        used.update({ROLE + name: further[name] for name in table.columns})
        layout['order'] = sorted(used, key=lambda role: used[role])
        layout.update({f'{ROLE}{name}_column': name for name in table.columns})
    return table


def _form(cells: Cells, layout: Mapping[str, Any], kind: Kind, options: Options, path: str) -> str:
    assert cells.label is not None
    if is_list(cells.label.type):
        return ARRAY
    given = given_separator(options.list_sep)
    if given is not None:
        return given
    if cells.score is not None and _are_values(cells.score, kind):
        # Several labels would have several scores, as 'cat,dog' has '1,1'.
        return ',' if _in_parallel(cells.label, cells.score) else ONE
    image, images = texts(cells.image)
    known = texts(cells.label)[1].to_pylist()
    plural = is_plural(layout['label_column'])
    return find_form(known, path, plural, int((image >= 0).sum()), len(images))


def _are_values(score: pa.Array, kind: Kind) -> bool:
    """Whether each cell is one confidence or verdict, or empty."""
    if is_list(score.type):
        return False
    parse = confidences if kind == 'noisy' else verdicts
    if pa.types.is_dictionary(score.type):  # of few distinct texts, not all of them in use
        value, empty = parse(score.dictionary.dictionary_encode())
        if not (np.isnan(value) & ~empty).any():
            return True
    value, empty = parse(score)
    return not (np.isnan(value) & ~empty).any()


def _in_parallel(label: pa.Array, score: pa.Array) -> bool:
    """Whether scores have commas, each as many as its label."""
    if not _has_comma(score):
        return False
    counts = []
    for column in (label, score):
        code, known = texts(column)
        of_known = np.append(pc.count_substring(known, ',').to_numpy(zero_copy_only=False), 0)
        counts.append(of_known[code])
    return bool(counts[1].any() and (counts[0] == counts[1]).all())


def _words(columns: Iterable[pa.Array]) -> List[str]:
    """How present and absent are written."""
    found: Dict[float, str] = {}
    for column in columns:
        if pa.types.is_dictionary(column.type):
            known = column.dictionary[:100]
            codes, _ = verdicts(known.dictionary_encode())
            for code, word in zip(codes, known.to_pylist()):
                found.setdefault(code, word.strip())
        if PRESENT in found and (ABSENT in found or MINUS in found):
            break
    present = found.get(PRESENT, '1')
    other = _PAIRS.get(present.lower(), '0')
    return [present, found.get(ABSENT) or found.get(MINUS) or other]


def _has_zero(column: pa.Array) -> bool:
    if pa.types.is_dictionary(column.type):
        return bool(pc.any(pc.equal(pc.utf8_trim_whitespace(column.dictionary), '0')).as_py())
    return bool(column.null_count == 0)


def _has_comma(column: pa.Array) -> bool:
    if not pa.types.is_dictionary(column.type):
        return False
    return bool(pc.any(pc.match_substring(column.dictionary, ',')).as_py())
