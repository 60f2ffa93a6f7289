r"""Compares every system of the paper's Table 2 on features that were computed once.

For example:
    python tools/compare.py --index data/tiny-open-images/index \
        --features data/tiny-open-images/features --seeds 3 --out comparison

trains each with 3 seeds and writes into `comparison` results.json, Tables 2 and 3, Figures 5 to
7 and index.html, one page with all of it. With --verified 100,300,1000 it does so for random
subsets of the verified images too, with --all also for the methods of other papers. The same
command goes on where a run was ended.
"""

from __future__ import annotations

import shlex
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import List

from mmnoisy.cli.parsers import add_options
from mmnoisy.datasets.pictures.paths import TEMPLATE
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.errors import InputError


def numbers(text: str) -> List[int]:
    """Positive whole numbers, separated by commas."""
    try:
        found = [int(part) for part in text.split(',')]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise ArgumentTypeError(f'{text!r}: give positive whole numbers such as 100,300,1000')
    return sorted(set(found))


def positive(text: str) -> int:
    """A positive whole number."""
    (number,) = numbers(text)
    return number


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    parser.add_argument('--index', type=Path, required=True, help='folder of the three indexes')
    parser.add_argument(
        '--features', type=Path, required=True, help='folder of their feature banks'
    )
    parser.add_argument('--out', type=Path, required=True, help='folder to write')
    parser.add_argument('--seeds', type=positive, default=3, metavar='K', help='number, default 3')
    parser.add_argument(
        '--verified', type=numbers, metavar='N,N', help='numbers of verified images to try, too'
    )
    parser.add_argument(
        '--bound-verdicts',
        type=ReleaseFile.parse,
        metavar='CSV',
        help="verdicts on T's machine labels, for a bound that learns from them",
    )
    parser.add_argument(
        '--bound-truth',
        type=ReleaseFile.parse,
        metavar='CSV',
        help='every true label of T, for a bound that learns from them',
    )
    parser.add_argument('--images', type=Path, help='root of the pictures, for examples to look at')
    parser.add_argument('--path-template', help=f'paths below it, default {TEMPLATE}')
    parser.add_argument(
        '--batch-size', type=positive, help='default 256, that of the configs; the paper has 32'
    )
    parser.add_argument(
        '--recipe',
        type=Path,
        metavar='JSON',
        help='recipes by system, in place of a search; recipes.json of an earlier comparison',
    )
    parser.add_argument(
        '--all',
        action='store_true',
        help='also the systems of other papers and of our own (docs/methods.md), and auto',
    )
    parser.add_argument(
        '--systems',
        metavar='NAME,NAME',
        help='only these, or paths of configs, and those that they start from; auto chooses a '
        'method on V in every run (docs/run.md)',
    )
    add_options(parser, 'all configs')


def run(args: Namespace) -> None:
    """Trains what is not trained yet, and writes the report."""
    from mmnoisy.engine.config import parse_options
    from mmnoisy.experiments.comparing import compare
    from mmnoisy.experiments.systems import names

    if args.systems is not None and args.all:
        raise InputError('--systems, --all: one says only these, the other all; give one of them')
    if args.path_template and not args.images:
        raise InputError(
            f'--path-template {args.path_template}: is of the pictures below --images; give both'
        )
    given = {'bound_verdicts': args.bound_verdicts, 'bound_truth': args.bound_truth}
    bounds = {name: file for name, file in given.items() if file is not None}
    compare(
        args.index,
        args.features,
        args.out,
        args.systems.split(',') if args.systems is not None else names(args.all, [*bounds]),
        args.seeds,
        args.verified or (),
        bounds,
        args.images,
        args.path_template or TEMPLATE,
        args.batch_size,
        args.recipe,
        parse_options(args.cfg_options),
        shlex.join(['python', *sys.argv]),
    )
    for name in ('table2.md', 'auto.md'):
        if (args.out / name).is_file():
            print((args.out / name).read_text('utf-8'))
    print(f'written to {args.out}; open {args.out / "index.html"}')
