"""Label statistics of a data set as tables and a figure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Iterable, List, Sequence, Tuple

from mmnoisy.datasets.statistics.counts import OTHERS, CategoryRow
from mmnoisy.datasets.statistics.summary import DatasetStatistics
from mmnoisy.io.atomic import atomic_files, write_csv
from mmnoisy.reporting.dataset_figure import draw_figure
from mmnoisy.reporting.tables import markdown_table


def table_text(rows: Sequence[CategoryRow]) -> str:
    """Table 1 in Markdown, its columns aligned for a terminal."""
    header = ['category', 'classes', 'rated', 'annotations', 'machine labels', 'correct']
    cells = []
    for row in rows:
        correct = '' if math.isnan(row.correct) else f'{row.correct:.1%}'
        cells.append([row.category, *(f'{count:,}' for count in row[1:5]), correct])
    return markdown_table(header, cells)


def write_report(statistics: DatasetStatistics, out: Path) -> None:
    """Writes ``table1.csv``, ``table1.md``, ``classes.csv`` and ``figure4.png`` into ``out``.

    All are complete before the first one is moved into place.

    Raises:
        InputError: ``out`` is no folder, or nothing can be written there.
    """
    rows = statistics.table()
    quality, total = statistics.rated.quality, rows[-1]
    with atomic_files(out) as folder:
        _write_csv(folder / 'table1.csv', CategoryRow._fields, rows)
        (folder / 'table1.md').write_text(table_text(rows) + '\n', 'utf-8')
        _write_csv(folder / 'classes.csv', *_class_table(statistics))
        figure4 = folder / 'figure4.png'
        draw_figure(figure4, statistics.names, statistics.frequency, quality, total.correct)


def _class_table(statistics: DatasetStatistics) -> Tuple[List[str], Iterable[Sequence[Any]]]:
    rated, machine = statistics.rated, statistics.machine
    header = ['LabelName', 'name', 'categories', *(f'machine_{name}' for name in machine)]
    header += ['present', 'absent', 'rated_machine', 'quality']
    categories = [';'.join(dict.fromkeys(names or [OTHERS])) for names in statistics.categories]
    columns = [statistics.classes, statistics.names, categories, *machine.values()]
    columns += [rated.present, rated.absent, rated.correct + rated.wrong, rated.quality]
    return header, zip(*columns)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    def text(value: Any) -> Any:
        if isinstance(value, float):
            return '' if math.isnan(value) else f'{value:.6f}'
        return value

    write_csv(path, header, ([text(value) for value in row] for row in rows))
