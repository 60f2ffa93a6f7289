"""What 10 million to 10 billion pictures take, and what failures cost: on paper and simulated.

Prints the tables of docs/planning.md. --set changes what they assume, such as
`--set cores=96 gpus=8 price=32 shrink=250`; the names are those of
mmnoisy.experiments.planning.Assumptions. The result is the time of a run that loses a node a day
and saves as often as is best: simulated, against Daly's formula.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Dict, List, Sequence

import numpy as np

from benchmarks.numbers import require_at_least
from benchmarks.timing import result
from mmnoisy.errors import InputError, like
from mmnoisy.experiments.failures import (
    Failures,
    best_interval,
    daly_interval,
    expected_time,
    simulate,
    young_interval,
)
from mmnoisy.experiments.planning import Assumptions, table

FREE = ('gpus', 'price', 'get_price', 'put_price')  # may be 0
LEAST, MOST = 1e-9, 1e18  # whatever is between them, nothing overflows
PICTURES = (10e6, 100e6, 1e9, 10e9)
GPU = dict(gpus=1, price=2.0)
RESTART, SAVE = 48, 1.5  # seconds, see docs/scaling.md
DAY, WEEK = 86_400, 604_800
CASES = {
    'a node a day': DAY,
    '8 spot machines, each lost once a day': DAY / 8,
    '64 spot machines, each lost once a day': DAY / 64,
}
MINUTES = (1, 5, 10, 30, 60)
GOAL = 1.01


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the options of this benchmark."""
    parser.add_argument(
        '--pictures', type=float, nargs='+', default=PICTURES, help='default 1e7 1e8 1e9 1e10'
    )
    parser.add_argument('--set', nargs='+', default=[], metavar='NAME=VALUE', help='see above')
    parser.add_argument('--runs', type=int, default=100, help='simulated, of a week, default 100')


def run(args: Namespace) -> dict:
    """Prints the tables.

    Raises:
        InputError: there is no such assumption, or a value is too small or too large.
    """
    require_at_least(args, runs=2)
    for pictures in args.pictures:
        if not 1 <= pictures <= MOST:
            raise InputError(f'--pictures {pictures:g}: give a number from 1 to {MOST:g}')
    given = Assumptions()._replace(**parse(args.set))
    print(f'{table(args.pictures, given)}\n')
    if not given.gpus:
        print(f'{table(args.pictures, given._replace(**GPU))}\n')
    rng = np.random.default_rng(0)
    for name, mtbf in CASES.items():
        print(f'{failure_table(rng, name, Failures(mtbf, RESTART, SAVE), args.runs)}\n')
    failures = Failures(DAY, RESTART, SAVE)
    interval = best_interval(failures)
    work = round(WEEK / interval) * interval
    mean, error = simulate(rng, work, interval, failures, args.runs)
    exact = expected_time(work, interval, failures)
    return result('plan', mean, exact, GOAL, standard_error=error, interval=interval)


def parse(texts: Sequence[str]) -> Dict[str, float]:
    """The assumptions that texts such as ``cores=96`` make.

    Raises:
        InputError: as in :func:`run`.
    """
    found = {}
    for text in texts:
        name, _, value = text.partition('=')
        if name not in Assumptions._fields:
            raise InputError(f'--set {text}: there is no {name!r}{like(name, Assumptions._fields)}')
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = -1
        if not (LEAST <= found[name] <= MOST or (found[name] == 0 and name in FREE)):
            free = '0 or ' if name in FREE else ''
            raise InputError(
                f'--set {text}: is not {free}from {LEAST:g} to {MOST:g}; give a number such as '
                f'{name}=2'
            )
    return found


def failure_table(rng: np.random.Generator, name: str, failures: Failures, runs: int) -> str:
    """What is lost at some intervals, in Markdown."""
    best = best_interval(failures)
    lines: List[str] = [
        f'{name}: a failure in {failures.mtbf / 3600:.2g} h. The best interval is '
        f'{best / 60:.1f} minutes; by Young {young_interval(failures) / 60:.1f}, by Daly '
        f'{daly_interval(failures) / 60:.1f}.',
        '',
        '| a checkpoint every | time lost, by the formula | simulated | where all are warned |',
        '|---|--:|--:|--:|',
    ]
    for interval in sorted([*(60 * minutes for minutes in MINUTES), best]):
        work = round(WEEK / interval) * interval
        lost = expected_time(work, interval, failures) / work - 1
        (mean, error), (warned, _) = (
            simulate(rng, work, interval, failures._replace(warned=share), runs) for share in (0, 1)
        )
        told = f'{interval / 60:.1f} minutes (best)' if interval == best else f'{interval / 60:.0f}'
        lines.append(
            f'| {told} | {lost:.2%} | {mean / work - 1:.2%} +- {error / work:.2%} '
            f'| {warned / work - 1:.2%} |'
        )
    return '\n'.join(lines)
