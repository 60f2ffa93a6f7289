"""A page to look at cleaned labels: pictures, labels before and after, verdicts where known.

For example:
    python tools/view_labels.py cleaned --images data/tiny-open-images --out view

writes view/index.html for 1,000 images drawn at random, with filters by class, by kind of change
and by verdict. The page links to the files of the pictures, so they must stay where they are;
with --embed small copies of them are in it, and it can be sent to others.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

from mmnoisy.datasets.pictures.paths import TEMPLATE
from mmnoisy.errors import InputError
from mmnoisy.wording import counted

if TYPE_CHECKING:
    from mmnoisy.datasets.project import Project


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    parser.add_argument(
        'cleaned',
        type=Path,
        metavar='CLEANED',
        help='folder written by tools/clean_labels.py, or a project',
    )
    parser.add_argument(
        '--index',
        type=Path,
        help='label index of the images, whose verdicts are shown, default CLEANED/index',
    )
    parser.add_argument(
        '--images', type=Path, help='folder of the pictures; a project knows its own'
    )
    parser.add_argument(
        '--path-template',
        nargs='+',
        metavar='PATH',
        help=f'below their folder, default {TEMPLATE}; of several the first counts that is there',
    )
    parser.add_argument('--sample', type=int, default=1000, help='number of images, default 1000')
    parser.add_argument('--seed', type=int, default=0, help='of the drawn images, default 0')
    parser.add_argument(
        '--most-changed',
        action='store_true',
        help='take the images with the most labels removed or added',
    )
    parser.add_argument(
        '--embed', action='store_true', help='put small copies of the pictures into the page'
    )
    parser.add_argument(
        '--out', type=Path, help='folder, or file ending in .html; default view in a project'
    )


def take_from_project(args: Namespace) -> Optional[Project]:
    """Puts what a project has in the place of what the arguments leave out.

    Returns:
        The project; None where it is none.

    Raises:
        InputError: the labels of the project are not cleaned yet.
    """
    from mmnoisy.datasets.project import Project

    if not (args.cleaned / 'project.json').is_file():
        return None
    project = Project.open(args.cleaned)
    args.cleaned = project.folder / 'cleaned/train'
    args.images, args.out = args.images or project.pictures, args.out or project.folder / 'view'
    if not args.cleaned.is_dir():
        raise InputError(
            f'{project.folder}: its labels are not cleaned yet; run mmnoisy clean {project.folder}'
        )
    return project


def check_arguments(args: Namespace, in_project: bool) -> None:
    """Refuses what cannot be shown.

    Args:
        args: of the command line.
        in_project: a project may have no pictures, and its images are shown by their ids then.

    Raises:
        InputError: an argument cannot be used.
    """
    if not args.cleaned.is_dir():
        raise InputError(
            f'{args.cleaned}: there is no such folder; give one that tools/clean_labels.py has '
            'written'
        )
    if args.out is None or (args.images is None and not in_project):
        name = 'out' if args.out is None else 'images'
        raise InputError(f'--{name} PATH: is missing; give it, or a project')
    if args.sample < 1:
        raise InputError(f'--sample {args.sample}: give 1 or more')
    if args.seed < 0:
        raise InputError(f'--seed {args.seed}: give 0 or more')


def run(args: Namespace) -> None:
    """Draws images and writes the page of them."""
    from mmnoisy.class_names import distinct_names
    from mmnoisy.cleaning.view.cards import make_cards
    from mmnoisy.cleaning.view.page import Contents, page_path, write_view
    from mmnoisy.cleaning.view.pictures import Pictures, addresses
    from mmnoisy.cleaning.view.sampling import sample_images
    from mmnoisy.datasets.label_index import LabelIndex
    from mmnoisy.experiments.class_figures import FEW_VERDICTS

    project = take_from_project(args)
    check_arguments(args, project is not None)
    index = LabelIndex.open(args.index or args.cleaned / 'index')
    subset = index.info['subset']
    templates = args.path_template or [index.info.get('path_template', TEMPLATE)]
    pictures = None if args.images is None else Pictures(args.images, templates, index)
    if pictures is not None:
        pictures.check()
    sample = sample_images(args.cleaned / 'changes.csv', args.sample, args.seed, args.most_changed)
    cards = make_cards(sample.rows, index)
    path = page_path(args.out)
    found: List[Optional[str]] = [None] * len(cards)
    if pictures is not None:
        found = addresses(pictures, [card.image_id for card in cards], path.parent, args.embed)
    missing = [card.image_id for card, address in zip(cards, found) if address is None]
    contents = Contents(
        title=f'Cleaned labels of {subset}',
        num_images=sample.num_images,
        drawn='with most changes' if args.most_changed else f'drawn at random, seed {args.seed}',
        cards=cards,
        addresses=found,
        class_names=distinct_names(index.classes, index.info['class_names']),
        embedded=args.embed,
        notes={'Cleaned labels': str(args.cleaned), 'Pictures': str(args.images or 'none')},
        classes=[] if project is None else project.class_rows(),
        few_verdicts=FEW_VERDICTS,
    )
    write_view(path, contents)
    if missing and pictures is not None:
        print(
            f'{len(missing):,} of {counted(len(cards), "picture")} cannot be found or read, first '
            f'{pictures.paths(missing[0])[0]}; check --images and --path-template',
            file=sys.stderr,
        )
    print(f'{counted(len(cards), "image")}, written to {path}')
