"""Tables in Markdown."""

from __future__ import annotations

from typing import Sequence


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose columns are aligned for a terminal too: the first left, the others right.

    Args:
        header: (n) names of the columns.
        rows: each (n) cells.

    Returns:
        Lines without a newline at the end.
    """
    cells = [[_escaped(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells)]
    rule = ['-' * widths[0], *('-' * (width - 1) + ':' for width in widths[1:])]
    lines = (
        [line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]
        for line in (cells[0], rule, *cells[1:])
    )
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace('|', '\\|').replace('<', '&lt;')
