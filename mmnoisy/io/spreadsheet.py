"""Texts in CSV files that people open: none is a formula to a spreadsheet.

`OWASP, CSV injection <https://owasp.org/www-community/attacks/CSV_Injection>`_.
"""

from __future__ import annotations

_FORMULA = ('=', '+', '-', '@', '\t', '\r', '\n')
_QUOTE = "'"


def as_text(cell: str) -> str:
    """A cell that every spreadsheet shows and none runs: a formula gets a ``'`` before it.

    :func:`from_text` gives any cell back, those too that begin so by themselves.
    """
    return _QUOTE + cell if cell.lstrip(_QUOTE).startswith(_FORMULA) else cell


def from_text(cell: str) -> str:
    """The cell that :func:`as_text` has written."""
    quoted = cell.startswith(_QUOTE) and cell.lstrip(_QUOTE).startswith(_FORMULA)
    return cell[1:] if quoted else cell


def delimiter(line: str) -> str:
    """What fields end in, by the first line of a table: a semicolon or a tab, else a comma.

    A line that has commas counts as one of fields that end in them.
    """
    return next((mark for mark in ';\t' if mark in line and ',' not in line), ',')
