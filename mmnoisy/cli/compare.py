r"""Compares every system of the paper's Table 2 on features that were computed once.

For example:
    python tools/compare.py --index data/tiny-open-images/index \\
        --features data/tiny-open-images/features --seeds 3 --out comparison

trains each with 3 seeds and writes into `comparison` results.json, Tables 2 and 3, Figures 5 to
7 and index.html, one page with all of it. With --verified 100,300,1000 it does so for random
subsets of the verified images too, with --all also for the methods of other papers. The same
command goes on where a run was ended.
"""

from __future__ import annotations

import json
import shlex
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import write_json

if TYPE_CHECKING:
    from mmnoisy.experiments.recipes import Recipe
    from mmnoisy.experiments.runs import Run


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
    parser.add_argument('--features', type=Path, required=True, help='folder of their banks')
    parser.add_argument('--out', type=Path, required=True, help='folder of all that is written')
    parser.add_argument('--seeds', type=positive, default=3, metavar='K', help='default 3')
    parser.add_argument(
        '--verified', type=numbers, metavar='N,N', help='also with so many verified images'
    )
    parser.add_argument(
        '--bound-verdicts',
        type=ReleaseFile.parse,
        metavar='CSV',
        help="verdicts on T's machine labels, for the bound that they set",
    )
    parser.add_argument(
        '--bound-truth',
        type=ReleaseFile.parse,
        metavar='CSV',
        help='every true label of T, for the bound that they set',
    )
    parser.add_argument('--images', type=Path, help='root of the pictures, for examples to look at')
    parser.add_argument(
        '--path-template', default='{split}/{id}.jpg', help='of them, default {split}/{id}.jpg'
    )
    parser.add_argument(
        '--batch-size', type=positive, default=256, help='default 256; the paper has 32'
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
        help='also the systems of other papers and of our own, see docs/methods.md',
    )
    parser.add_argument(
        '--systems', metavar='NAME,NAME', help='only these, and those that they start from'
    )
    parser.add_argument('--device', help='default: the GPU if there is one')


def read_recipes(path: Path) -> Dict[str, Recipe]:
    """The recipes of a file, by system.

    Raises:
        InputError: the file cannot be read, or is none of recipes.
    """
    from mmnoisy.experiments.recipes import Recipe
    from mmnoisy.experiments.systems import SYSTEMS

    try:
        found = json.loads(path.read_text('utf-8'))
        recipes = {str(name): Recipe(**values) for name, values in found.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        keys = ', '.join(field.name for field in fields(Recipe))
        raise InputError(
            f'{path}: is no file of recipes ({error}); give {{"SYSTEM": {{{keys}}}}}'
        ) from error
    for name in recipes:
        if name not in SYSTEMS:
            raise InputError(f'{path}: {name!r} is no system; systems are {", ".join(SYSTEMS)}')
    return recipes


def chosen(wanted: Sequence[str], names: Sequence[str]) -> List[str]:
    """Those of the systems ``names`` that are wanted, or needed for one that is.

    Raises:
        InputError: one that is wanted is not among them, or is a bound without a file.
    """
    from mmnoisy.experiments.systems import SYSTEMS

    for name in wanted:
        if name in SYSTEMS and name not in names:
            (bound,) = {*SYSTEMS[name].sources} - {'T', 'V'}
            raise InputError(
                f'--systems {name}: give --{bound.replace("_", "-")} CSV, its labels of T'
            )
        if name not in names:
            raise InputError(f'--systems {name}: is no system; systems are {", ".join(names)}')
    needed = {*wanted}
    for name in reversed(names):
        if name in needed:
            searched = SYSTEMS[name].tuned_as or name
            needed |= {key for key in (SYSTEMS[name].start, SYSTEMS[searched].start) if key}
    return [name for name in names if name in needed]


def check_folders(out: Path, images: Optional[Path]) -> None:
    """Refuses folders that cannot be used before hours are spent."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f'--out {out}: is no folder ({error.strerror}); name another') from error
    if images is not None and not images.is_dir():
        raise InputError(f'--images {images}: there is no such folder; check the path')


def table(runs: Sequence[Run]) -> Dict[str, List[dict]]:
    """The runs as results.json has them."""
    keys = ('method', 'seed', 'verified')
    return {
        'rows': [
            {**{key: getattr(run, key) for key in keys}, **run.metrics, 'seconds': run.seconds}
            for run in runs
        ]
    }


def run(args: Namespace) -> None:
    """Trains what is not trained yet, and writes the report."""
    from mmengine.logging import MMLogger
    from mmengine.registry import init_default_scope

    import mmnoisy.components  # noqa: F401
    from mmnoisy.experiments.banks import Banks
    from mmnoisy.experiments.bounds import prepare_bounds
    from mmnoisy.experiments.describing import choose_examples, describe
    from mmnoisy.experiments.experiment import Experiment
    from mmnoisy.experiments.report import write_report
    from mmnoisy.experiments.systems import systems
    from mmnoisy.datasets.pictures.paths import check_template
    from mmnoisy.engine.devices import pick_device

    check_template(args.path_template)
    MMLogger.get_instance('compare', log_level='WARNING')  # no list of all weights of every model
    init_default_scope('mmpretrain')
    device = pick_device(args.device)
    check_folders(args.out, args.images)
    files = {'bound_verdicts': args.bound_verdicts, 'bound_truth': args.bound_truth}
    given = {name: file for name, file in files.items() if file is not None}
    bounds = prepare_bounds(args.index / 'train', given, args.out / 'bounds')
    banks = Banks(args.index, args.features, device, bounds)
    sizes = sorted({*(args.verified or ()), banks.num_verified})
    if sizes[-1] > banks.num_verified:
        raise InputError(
            f'--verified {sizes[-1]}: there are {banks.num_verified:,} verified images in '
            f'{args.index / "validation"}; give at most that'
        )
    examples = choose_examples(banks)
    recipes = read_recipes(args.recipe) if args.recipe else {}
    names = systems([*given], args.all or args.systems is not None)
    if args.systems is not None:
        names = chosen(args.systems.split(','), names)
    experiment = Experiment(
        banks, args.out, names, range(args.seeds), sizes, examples, args.batch_size, recipes
    )
    runs = experiment.run()
    write_json(args.out / 'results.json', table(runs))
    evaluated = describe(banks, examples, args.images, args.path_template)
    used = {name: experiment.recipe(name, sizes[-1]).to_dict() for name in names}
    write_json(args.out / 'recipes.json', used)
    provenance = banks.source('T').banks[0].provenance
    notes = {
        'Images': f'{len(banks.source("T")):,} in T, {banks.num_verified:,} in V, '
        f'{len(banks.test):,} in test; {len(banks.noisy.classes):,} classes',
        'Features': ', '.join(f'{key} {value}' for key, value in provenance.items()),
        'Recipe': 'Adam, linear decay; steps and learning rates of each system in recipes.json, '
        'the rates chosen on a third of V',
        'Command': shlex.join(['python', *sys.argv]),
    }
    write_report(args.out, evaluated, runs, notes)
    print((args.out / 'table2.md').read_text('utf-8'))
    print(f'written to {args.out}; open {args.out / "index.html"}')
