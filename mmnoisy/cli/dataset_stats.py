"""Label statistics of a data set: the paper's Table 1 and Figure 4.

For example:
    python tools/dataset_stats.py data/openimages/index --out stats

writes stats/table1.csv and table1.md (by category: classes, annotations = verdicts, machine
labels and how many of the rated ones are correct), classes.csv (the same by class) and
figure4.png. Verdicts are those of validation and test together.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.io.atomic import require_writable
from mmnoisy.wording import counted


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    parser.add_argument(
        'index', type=Path, metavar='INDEX', help='folder of the label indexes, or one of them'
    )
    parser.add_argument('--out', type=Path, required=True, help='folder of the tables and figure')
    parser.add_argument(
        '--categories',
        type=ReleaseFile.parse,
        help='CSV LabelName,Category, instead of those of the index',
    )


def run(args: Namespace) -> None:
    """Counts, writes the report and prints Table 1."""
    from mmnoisy.datasets.release.class_files import read_categories
    from mmnoisy.datasets.statistics.summary import dataset_statistics, open_indexes
    from mmnoisy.reporting.dataset_statistics import table_text, write_report

    require_writable(args.out)
    indexes = open_indexes(args.index)
    categories = None
    if args.categories:
        classes = next(iter(indexes.values())).classes
        categories, unknown = read_categories(args.categories, classes)
        if unknown:
            print(
                f'{args.categories}: {counted(len(unknown), "row")} of classes outside the index '
                f'left out (first: {unknown[0]})'
            )
    statistics = dataset_statistics(indexes, categories)
    write_report(statistics, args.out)
    print(table_text(statistics.table()))
    print(f'written to {args.out}')
