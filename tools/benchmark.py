"""Measures speed against the alternative, side by side in one run; and rules over many data sets.

For example:
    python tools/benchmark.py pictures --out pictures.json

prints a table and, as its last line, one JSON object: medians of ours and of the alternative in
seconds, their ratio (below 1 is faster), the goal for it and whether it holds. What `worlds` prints
is told in docs/worlds.md.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from benchmarks import cleaner, heads, index, metric, pictures, plan, step, worlds
from benchmarks.timing import table

from mmnoisy.cli.boundary import user_errors
from mmnoisy.io.atomic import write_json

BENCHMARKS = {
    'cleaner': cleaner,
    'heads': heads,
    'index': index,
    'metric': metric,
    'pictures': pictures,
    'plan': plan,
    'step': step,
    'worlds': worlds,
}


def main() -> None:
    """Runs one benchmark and prints what it measured."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    names = parser.add_subparsers(dest='name', metavar='NAME', required=True)
    for name, benchmark in BENCHMARKS.items():
        description = benchmark.__doc__ or ''
        one = names.add_parser(name, help=description.splitlines()[0], description=description)
        one.add_argument('--out', type=Path, help='write the result to this JSON file')
        benchmark.add_arguments(one)
    args = parser.parse_args()
    result = BENCHMARKS[args.name].run(args)
    if args.out:
        write_json(args.out, result)
    print(table(result))
    print(json.dumps(result))


if __name__ == '__main__':
    with user_errors('benchmark.py'):
        main()
