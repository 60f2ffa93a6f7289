r"""Turns the label files of an Open Images release, V1 to V7, into label indexes.

For example:
    python tools/prepare_openimages.py data/openimages

recognises the release by the names of its files, plain, .gz or in the .tar.gz archives as
downloaded, and writes data/openimages/index/{train,validation,test}. Other files:
    python tools/prepare_openimages.py data/mine --classes classes.txt \
        --machine train=a.csv validation=b.csv test=c.csv --human validation=d.csv test=e.csv
Verdicts in classes of their own, each image's complete:
    python tools/prepare_openimages.py data/mine --human validation=f.csv test=g.csv \
        --verdict-classes names.csv --complete-verdicts --out data/mine/index_objects
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Dict, Tuple

from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.pictures.paths import TEMPLATE, check_template
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import require_writable


def subset_file(text: str) -> Tuple[str, ReleaseFile]:
    """``SUBSET=FILE`` as a pair."""
    subset, equals, file = text.partition('=')
    if subset not in SUBSETS or not equals:
        raise ArgumentTypeError(f'{text!r} is not SUBSET=FILE with one of {", ".join(SUBSETS)}')
    return subset, ReleaseFile.parse(file)


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    from mmnoisy.datasets.release.layout import KINDS, LAYOUTS
    from mmnoisy.datasets.release.prepare import TRAIN_VERDICTS

    parser.add_argument('root', type=Path, metavar='ROOT', help='folder of the release')
    parser.add_argument('--version', choices=LAYOUTS, help='release, default recognised')
    parser.add_argument('--out', type=Path, help='folder of the indexes, default ROOT/index')
    for kind, what in zip(KINDS, ('files of machine labels', 'files of verdicts', 'image lists')):
        parser.add_argument(
            f'--{kind}',
            nargs='+',
            type=subset_file,
            default=[],
            metavar='SUBSET=FILE',
            help=f'{what} to take instead; ARCHIVE.tar.gz::MEMBER for one in an archive',
        )
    classes = parser.add_mutually_exclusive_group()
    classes.add_argument('--classes', type=ReleaseFile.parse, help='class list, one MID per line')
    classes.add_argument(
        '--frequent',
        nargs=2,
        type=int,
        metavar=('TRAIN', 'VALIDATION'),
        help='take the classes with at least so many machine labels; V1: 50 20 or 20 50 gives 6012',
    )
    parser.add_argument(
        '--categories', type=ReleaseFile.parse, help='CSV LabelName,Category, for MAP_<category>'
    )
    parser.add_argument(
        '--verdict-classes',
        type=ReleaseFile.parse,
        metavar='CSV',
        help='LabelName,DisplayName: the classes of the verdicts, to predict, where the machine '
        'labels are of others',
    )
    parser.add_argument(
        '--class-map',
        '--correspondence',
        metavar='names|none|CSV',
        help='which machine label says which of them: classes with equal names (default), none, or '
        'rows NoisyLabelName,LabelName',
    )
    parser.add_argument(
        '--complete-verdicts',
        action='store_true',
        help='of an image with any verdict, all classes that are not listed are absent',
    )
    parser.add_argument(
        '--train-verdicts',
        choices=TRAIN_VERDICTS,
        default=TRAIN_VERDICTS[0],
        help='training images with verdicts: leave them in T, move them to V, or drop them',
    )
    parser.add_argument(
        '--extra-human',
        type=ReleaseFile.parse,
        metavar='FILE',
        help='more verdicts, such as those of tools/review_queue.py; training images with any move '
        'to V, where older verdicts on the same labels give way',
    )
    parser.add_argument(
        '--validation-list',
        type=ReleaseFile.parse,
        metavar='IMAGES_CSV',
        help="V1: the images that become V; default V2's list in ROOT, else by a hash of the id",
    )
    parser.add_argument(
        '--check-images',
        nargs='*',
        metavar='TEMPLATE',
        help='look at all pictures, so that training skips what cannot be read; an interrupted '
        "scan goes on; paths below ROOT, default '{split}/{id}.jpg', also as '{id:.3}/{id}.jpg'",
    )


def run(args: Namespace) -> None:
    """Prepares the indexes and prints what became of every row."""
    from mmnoisy.datasets.pictures.scan import scan_pictures
    from mmnoisy.datasets.release.index_builder import account_table
    from mmnoisy.datasets.release.layout import KINDS, find_release
    from mmnoisy.datasets.release.prepare import prepare

    for template in args.check_images or []:
        check_template(template)
    if args.class_map and not args.verdict_classes:
        raise InputError(
            f'--class-map {args.class_map}: machine labels and verdicts are of the same '
            'classes; name those of the verdicts with --verdict-classes'
        )
    out = args.out or args.root / 'index'
    if args.root.is_dir():
        require_writable(out.parent)
    given: Dict[Tuple[str, str], ReleaseFile] = {}
    for kind in KINDS:
        for subset, file in getattr(args, kind):
            if (kind, subset) in given:
                raise InputError(
                    f'--{kind} {subset}={file}: {subset} has {given[kind, subset]} already; join '
                    'the files, or prepare each into a folder of its own'
                )
            given[kind, subset] = file
    release = find_release(args.root, args.version, given, args.train_verdicts != 'ignore')
    chosen = {
        name: getattr(args, name)
        for name in ('classes', 'categories', 'validation_list', 'verdict_classes')
        if getattr(args, name)
    }
    if args.verdict_classes:
        chosen['categories'] = args.categories  # those of the release are of its own classes
    indexes = prepare(
        release._replace(**chosen),
        out,
        frequent=args.frequent,
        train_verdicts=args.train_verdicts,
        extra_human=args.extra_human,
        complete_verdicts=args.complete_verdicts,
        class_map=args.class_map or 'names',
    )
    print(account_table(indexes))
    print(f'written to {out}')
    if args.check_images is not None:
        templates = args.check_images or [TEMPLATE]
        for subset in SUBSETS:
            counts = scan_pictures(out / subset, str(args.root), templates)
            found = ', '.join(f'{count:,} {state}' for state, count in counts.items() if count)
            print(f'pictures of {subset}: {found}')
