"""Makes a project of own pictures and own files of labels.

For example:
    mmnoisy import photos --labels tags.csv --verified checked.csv --out pets
    mmnoisy import --verdicts review.csv --into pets
or, in a checkout,
    python tools/import_labels.py photos --labels tags.csv --verified checked.csv --out pets

The first reads both files, in any of many formats, finds the picture that each name means, and
writes the folder pets; what was understood is printed. The second adds verdicts that came later.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmnoisy.errors import InputError

COLUMNS = {
    'format': 'format of the file; recognised by default',
    'sep': 'what separates its columns',
    'list-sep': 'what separates the labels in one cell',
    'image-column': 'column with the images',
    'label-column': 'column with the labels',
    'score-column': 'column with the confidences, or the verdicts',
    'group-column': 'column that says which images belong together, such as a '
    'patient: they stay together when the test set is drawn',
}

TEST_SHARE = 0.2


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    parser.add_argument(
        'pictures',
        nargs='?',
        type=Path,
        help='folder of the pictures; leave it out where you have features',
    )
    parser.add_argument(
        '--labels',
        metavar='FILE',
        help='noisy labels, also a folder of CSV or Parquet files; default: the folders of the '
        'pictures',
    )
    parser.add_argument('--verified', metavar='FILE', help='labels that people have checked')
    parser.add_argument('--out', type=Path, metavar='PROJECT', help='the folder to write')
    parser.add_argument(
        '--complete',
        action='store_true',
        help='a verified image lists all that is present: all else is absent',
    )
    parser.add_argument(
        '--test-share',
        type=float,
        metavar='S',
        help=f'share of the verified images that is set aside to test on, default {TEST_SHARE}',
    )
    parser.add_argument('--verdicts', metavar='FILE', help='more verdicts, to add with --into')
    parser.add_argument('--into', type=Path, metavar='PROJECT', help='the project to add them to')
    for prefix, what in (('', '--labels or --verdicts'), ('verified-', '--verified')):
        group = parser.add_argument_group(f'how {what} is to be read')
        for name, told in COLUMNS.items():
            group.add_argument(f'--{prefix}{name}', metavar=name.upper(), help=told)


def check_arguments(args: Namespace) -> None:
    """Refuses what does not go together.

    Raises:
        InputError: an argument is missing or cannot be used.
    """
    if (args.verdicts is None) != (args.into is None):
        raise InputError('--verdicts FILE and --into PROJECT: give both, or none of them')
    if args.into is not None:
        verified = [vars(args)[f'verified_{name.replace("-", "_")}'] for name in COLUMNS]
        others = [args.pictures, args.labels, args.verified, args.out, args.test_share, *verified]
        if args.complete or others != [None] * len(others):
            raise InputError(f'--into {args.into}: needs --verdicts FILE alone; leave out the rest')
        return
    if args.out is None:
        raise InputError('--out PROJECT: is missing; name the folder to write')
    if args.verified is None:
        raise InputError(
            '--verified FILE: is missing; give the labels that people have checked, a few hundred '
            'images are enough to begin with'
        )
    if args.labels is None and args.pictures is None:
        raise InputError(
            '--labels FILE: is missing; give the noisy labels, or a folder of pictures'
        )
    if args.pictures is not None and not args.pictures.is_dir():
        raise InputError(f'{args.pictures}: there is no such folder of pictures; check the path')
    if args.out.exists():
        raise InputError(
            f'{args.out}: is there already; name another folder, or add verdicts to it with '
            '--verdicts FILE --into'
        )
    mark = next((mark for mark in '"\\' if mark in str(args.out.resolve())), None)
    if mark:
        raise InputError(
            f'{args.out}: lies in a path with {mark}, which MMEngine does not take in configs; '
            'name another folder'
        )


def run(args: Namespace) -> None:
    """Reads, writes, and says what was understood."""
    from mmnoisy.io.lock import lock

    check_arguments(args)
    with lock(args.into or args.out):
        _add(args) if args.into is not None else _make(args)


def _make(args: Namespace) -> None:
    from mmnoisy.datasets.index_folder import whole_folder
    from mmnoisy.datasets.pictures.decoding import suffixes
    from mmnoisy.datasets.project import Project
    from mmnoisy.datasets.sources.describing import describe
    from mmnoisy.datasets.sources.further_columns import write_columns
    from mmnoisy.datasets.sources.importing import Labels, import_labels
    from mmnoisy.datasets.sources.names import list_pictures
    from mmnoisy.datasets.sources.reading import read_labels
    from mmnoisy.wording import counted

    path = args.labels or str(args.pictures)
    noisy = Labels(path, read_labels(path, 'noisy', **_options(args, '')))
    try:
        checked = read_labels(args.verified, 'verified', **_options(args, 'verified_'))
    except InputError as error:
        raise InputError(_of_verified(str(error))) from error
    verified = Labels(args.verified, checked)
    for labels in (noisy, verified):
        print(f'{labels.path}: {describe(labels.table.layout)}')
    pictures = None if args.pictures is None else list_pictures(str(args.pictures), suffixes())
    share = TEST_SHARE if args.test_share is None else args.test_share
    imported = import_labels(noisy, verified, pictures, args.complete, share)
    info = {
        'pictures': None if args.pictures is None else str(args.pictures.resolve()),
        'noisy': noisy.table.layout,
        'verified': verified.table.layout,
    }
    project = Project(args.out, info)
    with whole_folder(imported.indexes, project.index):
        pass
    write_columns(noisy.table, project.columns)
    project.write()
    print('\n'.join(imported.lines))
    if pictures is not None and pictures.unsaid:
        imported.warnings.append(
            f'left out for names that are not UTF-8: {counted(len(pictures.unsaid), "picture")}, '
            f'the first {pictures.unsaid[0]}; rename them'
        )
    for warning in imported.warnings:
        print(f'careful: {warning}', file=sys.stderr)
    print(f'written to {args.out}; go on with mmnoisy run {args.out}')


def _add(args: Namespace) -> None:
    from mmnoisy.datasets import SUBSETS, LabelIndex
    from mmnoisy.datasets.index_folder import whole_folder
    from mmnoisy.datasets.project import Project
    from mmnoisy.datasets.sources.describing import describe
    from mmnoisy.datasets.sources.importing import Labels, add_labels
    from mmnoisy.datasets.sources.reading import read_labels

    project = Project.open(args.into)
    table = read_labels(args.verdicts, 'verified', **_options(args, ''))
    print(f'{args.verdicts}: {describe(table.layout)}')
    indexes = {subset: LabelIndex.open(project.index / subset) for subset in SUBSETS}
    added = add_labels(indexes, Labels(args.verdicts, table))
    with whole_folder(added.indexes, project.index):
        pass
    print('\n'.join(added.lines))
    print(f'written to {args.into}; go on with mmnoisy run {args.into}')


def _of_verified(sentence: str) -> str:
    """A sentence on the file of verdicts, with the options of that file."""
    return re.sub(rf'--({"|".join(COLUMNS)})\b', r'--verified-\1', sentence)


def _options(args: Namespace, prefix: str) -> dict:
    names = (name.replace('-', '_') for name in COLUMNS)
    return {name: getattr(args, prefix + name) for name in names}
