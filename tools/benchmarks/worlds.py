"""Rules over many data sets: ``auto`` and single methods, judged by the worst world of each.

A world is a data set, or a smaller one cut from it (mmnoisy/experiments/worlds.py); docs/worlds.md
says what they are for. For example:

    python tools/benchmark.py worlds --data tiny=INDEX:FEATURES --folder worlds --seeds 1

writes worlds.md, worlds.csv and worlds.json into the folder; the same command goes on where it was
ended. Any name of --data is a world of its own, too.
"""

from __future__ import annotations

import re
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Dict, Mapping, NamedTuple

from benchmarks.numbers import require_at_least
from mmnoisy.engine.config import parse_options
from mmnoisy.errors import InputError, like
from mmnoisy.experiments.project_run import plain
from mmnoisy.experiments.report.choices import FIGURES
from mmnoisy.experiments.report.sampling import SCORES
from mmnoisy.experiments.report.worlds import (
    COVERED,
    MOST_BEHIND,
    Judged,
    as_json,
    csv_rows,
    share_covered,
    worlds_table,
    worst,
)
from mmnoisy.experiments.systems import AUTO
from mmnoisy.experiments.world_runs import run_world
from mmnoisy.experiments.worlds import WORLDS, World, make_world
from mmnoisy.io.atomic import atomic_write, write_csv, write_json

SYSTEMS = ('baseline', 'finetune_clean', 'joint', 'best', AUTO)


class Given(NamedTuple):
    """A data set of the command line."""

    name: str
    labels: Path
    features: Path


def data_set(text: str) -> Given:
    """``NAME=INDEX:FEATURES``."""
    name, _, folders = text.partition('=')
    index, _, features = folders.rpartition(':')
    # The name becomes that of a folder.
    if not (re.fullmatch(r'[\w-]+', name) and index and features):
        raise ArgumentTypeError(f'{text!r}: give NAME=INDEX:FEATURES, a name and two folders')
    return Given(name, Path(index), Path(features))


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the options of this benchmark."""
    parser.add_argument(
        '--data',
        type=data_set,
        action='append',
        required=True,
        metavar='NAME=INDEX:FEATURES',
        help='a data set; of tiny (tiny-open-images) and mosaics small worlds are cut',
    )
    parser.add_argument('--folder', type=Path, required=True, help='of all that is kept')
    parser.add_argument('--worlds', metavar='NAME,NAME', help='default: all of these data sets')
    parser.add_argument('--seeds', type=int, default=1, metavar='K', help='runs of each, default 1')
    parser.add_argument('--systems', metavar='NAME,NAME', help=f'rows, default {",".join(SYSTEMS)}')
    parser.add_argument(
        '--search', action='store_true', help='search the learning rates of the single systems'
    )
    parser.add_argument(
        '--auto-only',
        action='store_true',
        help='to try a rule: the other rows as they are kept, auto anew where its code is another',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        metavar='KEY=VALUE',
        help='settings that replace those of all configs',
    )


def run(args: Namespace) -> dict:
    """Runs every world, and writes the table after each.

    Raises:
        InputError: a name, number or folder cannot be used.
    """
    require_at_least(args, seeds=1)
    data = {given.name: given for given in args.data}
    wanted = chosen_worlds(args.worlds, data)
    systems = args.systems.split(',') if args.systems else [*SYSTEMS]
    if {*systems} == {AUTO}:
        raise InputError(f'--systems {AUTO}: is compared with others; give at least one more')
    options = parse_options(args.cfg_options)
    found: Dict[str, Judged] = {}
    for number, (name, world) in enumerate(wanted.items(), 1):
        print(f'[{number}/{len(wanted)}] {name} ...', flush=True)
        begin = time.perf_counter()
        given = data[world.data]
        places = make_world(world, given.labels, given.features, args.folder / 'cut' / name)
        out = args.folder / 'runs' / name
        found[name] = run_world(
            *places, out, systems, args.seeds, args.search, options, args.auto_only
        )
        print(f'      {time.perf_counter() - begin:.0f} s', flush=True)
        write_all(args.folder, found)
    print((args.folder / 'worlds.md').read_text('utf-8'))
    return summary(found)


def chosen_worlds(names: str | None, data: Mapping[str, Given]) -> Dict[str, World]:
    """The worlds to run, by name: those of the table, and every data set that is given.

    Raises:
        InputError: there is no such world, or its data set is not given.
    """
    known = {**WORLDS, **{name: World(name) for name in data}}
    if names is None:
        return {name: world for name, world in known.items() if world.data in data}
    for name in names.split(','):
        if name not in known:
            raise InputError(
                f'--worlds {name}: is none{like(name, known)}; worlds are {", ".join(known)}'
            )
        if known[name].data not in data:
            raise InputError(
                f'--worlds {name}: is cut from {known[name].data}; give --data '
                f'{known[name].data}=INDEX:FEATURES'
            )
    return {name: known[name] for name in names.split(',')}


def write_all(folder: Path, found: Mapping[str, Judged]) -> None:
    """Writes the table, as Markdown, CSV and JSON."""
    with atomic_write(folder / 'worlds.md') as file:
        file.write(worlds_table(found) + '\n')
    write_csv(folder / 'worlds.csv', *csv_rows(found))
    write_json(folder / 'worlds.json', plain(as_json(found)))


def summary(found: Mapping[str, Judged]) -> dict:
    """The result: the largest regret of every row in each measure, in points.

    ``ours`` is the larger one of ``auto``; ``alternative`` that of the single row for which it is
    smallest.
    """
    names = [*next(iter(found.values())).rows]
    regrets = {f'{name}_{m}': worst(found, name, m)[0] for name in names for m in SCORES}
    largest = {name: max(regrets[f'{name}_{m}'] for m in SCORES) for name in names}
    single = min((name for name in names if name != AUTO), key=lambda name: largest[name])
    result = dict(name='worlds', worlds=len(found), goal=MOST_BEHIND, **regrets)
    result.update(alternative=largest[single], alternative_row=single)
    if AUTO in names:
        covered = {f'covered_{key}': share_covered(found, key) for key in FIGURES}
        holds = all(judged.holds for judged in found.values())
        result.update(
            ours=largest[AUTO],
            **covered,
            holds=holds and all(share >= COVERED for share in covered.values()),
        )
    return plain(result)
