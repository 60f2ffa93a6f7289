r"""Gets the pictures of Open Images, or those of an image list of your own in its format.

For example:
    python tools/download_images.py data/openimages/validation-images-with-rotation.csv \
        data/openimages/validation --source bucket

fetches every picture of the list that is not there yet; after an end of any kind, the same command
goes on. Dead pictures are a normal case: they are counted, and listed in OUT_DIR/failures.csv.
Exit code 0: all that can be had is there; 1: some servers could not be reached or were busy, so
that the same command may fetch more; 2: wrong input, or a full disk.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmnoisy.errors import InputError
from mmnoisy.wording import counted


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    from mmnoisy.datasets.pictures.list import BUCKET_URL, SOURCES

    parser.add_argument('images', type=Path, metavar='IMAGES_CSV', help='image list of the release')
    parser.add_argument('out', type=Path, metavar='OUT_DIR', help='folder of the pictures')
    parser.add_argument(
        '--source',
        choices=list(SOURCES),
        default='original',
        help="the photographer's files, pictures of some 640 x 480, or the public bucket's, at "
        'most 1024 wide or high (the boxable images of train, all of validation and test)',
    )
    parser.add_argument(
        '--template', default='{id}.jpg', help='path in OUT_DIR, such as {split}/{id:.3}/{id}.jpg'
    )
    parser.add_argument(
        '--bucket-url', default=BUCKET_URL, metavar='URL', help='of a mirror of the bucket'
    )
    parser.add_argument('--jobs', type=int, default=16, help='pictures at once, default 16')
    parser.add_argument('--limit', type=int, metavar='N', help='only the first N rows')
    parser.add_argument('--index', type=Path, help='only the images of this label index')
    parser.add_argument('--retries', type=int, default=3, help='tries of busy servers, default 3')
    parser.add_argument('--timeout', type=float, default=30, help='in seconds, default 30')


def run(args: Namespace) -> None:
    """Downloads and prints what became of every row."""
    from mmnoisy.datasets.label_index import LabelIndex
    from mmnoisy.datasets.pictures.download import account_table, download, num_transient
    from mmnoisy.datasets.pictures.fetch import Fetcher
    from mmnoisy.datasets.pictures.list import Source

    for name, least in (('jobs', 1), ('limit', 1), ('retries', 0), ('timeout', 0.001)):
        value = getattr(args, name)
        if value is not None and not value >= least:
            raise InputError(f'--{name} {value}: is too small; give {least} or more')
    source = Source(args.source, args.template, args.bucket_url)
    image_ids = LabelIndex.open(args.index).image_ids if args.index else None
    fetcher = Fetcher(args.out, args.retries, args.timeout)
    try:
        account = download(args.images, source, fetcher, args.jobs, args.limit, image_ids)
    except KeyboardInterrupt:
        print('interrupted; the same command goes on from here', file=sys.stderr)
        sys.exit(130)
    print(account_table(account))
    print(f'pictures and failures.csv are in {args.out}')
    later = num_transient(account)
    if later:
        print(
            f'{counted(later, "picture")} may still come: run the same command again',
            file=sys.stderr,
        )
        sys.exit(1)
