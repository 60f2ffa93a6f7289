"""Writes pictures once at the size that training needs, so that it loads them faster.

For example:
    mmnoisy shrink configs/joint_openimages.py --out data/openimages-342
    mmnoisy shrink pets --short-edge 256
    mmnoisy shrink photos --short-edge 342 --out photos-342 --ray auto
or, in a checkout,
    python tools/shrink_pictures.py configs/joint_openimages.py --out data/openimages-342

Names stay, so that labels and indexes fit; a picture that is no larger is copied. Of a config and
of a project the pictures of its sets are taken, of a folder all. What cannot be read is counted by
reason. The same command goes on where a run was ended; --shards and --ray share the work.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Tuple

from mmnoisy.cli.parsers import add_config, out_of, project_of, quiet_config_of
from mmnoisy.cli.sharing import add_sharing, locked, tell_share, workers_of
from mmnoisy.errors import InputError
from mmnoisy.wording import counted

if TYPE_CHECKING:
    from mmnoisy.datasets.project import Project
    from mmnoisy.engine.picture_sets import Pictures
    from mmnoisy.engine.shrinking import Account


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_config(parser, 'folder of pictures, config file of a model on pictures', features=False)
    parser.add_argument('--out', type=Path, help='the folder to write; of a project in it')
    parser.add_argument(
        '--short-edge', type=int, metavar='PIXELS', help='to shrink to; default as the config needs'
    )
    parser.add_argument('--quality', type=int, default=90, help='of the JPEGs, default 90')
    parser.add_argument('--num-workers', type=int, help='processes, default one a core')
    add_sharing(parser, 'the folder of pictures', on_gpus=False)


def run(args: Namespace) -> None:
    """Shrinks, and says what became of the pictures."""
    from mmengine.dist import get_rank

    from mmnoisy.engine.distributed.processes import join_processes
    from mmnoisy.engine.shrinking import Shrinking, Size, shrink_pictures

    num_workers = _workers(args)
    workers = workers_of(args, num_workers - 1)
    project, pictures, edge = _what(args)
    out = out_of(args, 'pictures') if project is not None else _out(args, pictures)
    shrinking = Shrinking(pictures, Size(edge, args.quality), None if args.parquet else out)
    unfinished = out if args.parquet else out.with_name(f'.{out.name}.unfinished')
    join_processes()
    with locked(args, out):
        account = shrink_pictures(shrinking, unfinished, args.shard_images, num_workers, workers)
        if account is not None:
            _tell(account, out, edge)
            if pictures.others:
                told = f'files that are no pictures by their names: {pictures.others:,}'
                print(told, file=sys.stderr)
            if not args.parquet:
                _use(args, project, out)
        if get_rank() == 0:
            tell_share(args, out)


def _workers(args: Namespace) -> int:
    """Processes; on Ray a worker is one."""
    default = 1 if args.ray else os.cpu_count() or 1
    num_workers = default if args.num_workers is None else args.num_workers
    if num_workers < 1 or not 1 <= args.quality <= 100:
        raise InputError(
            f'--num-workers {num_workers} --quality {args.quality}: give at least 1 and 1 to 100'
        )
    if args.short_edge is not None and args.short_edge < 1:
        raise InputError(f'--short-edge {args.short_edge}: give the pixels of the shorter edge')
    return num_workers


def _what(args: Namespace) -> Tuple[Optional[Project], Pictures, int]:
    """The project, if it is of one, the pictures and the shorter edge of what is written."""
    from mmnoisy.engine import picture_sets as sets

    source = Path(args.config)
    plain = source.is_dir() and not (source / 'project.json').is_file()
    project = None if plain else project_of(source)
    edge = args.short_edge
    if edge is None and (plain or (project is not None and not project.config.is_file())):
        raise InputError(
            f'--short-edge: is missing, as {source} has no config; give 256 for crops of 224 '
            'pixels, 342 for 299'
        )
    if args.cfg_options and (plain or (project is not None and edge is not None)):
        raise InputError(f'--cfg-options: no config is read for {source}; leave it out')
    if plain:
        return None, sets.pictures_of_folder(source), edge
    if project is not None and edge is not None:
        return project, sets.pictures_of_project(project), edge
    cfg = quiet_config_of(args)
    if project is not None:
        return project, sets.pictures_of_project(project), sets.needed_edge(cfg)
    return None, sets.pictures_of_config(cfg), edge or sets.needed_edge(cfg)


def _out(args: Namespace, pictures: Pictures) -> Path:
    """The folder to write."""
    if args.out is None:
        raise InputError('--out FOLDER: is missing; name the folder to write')
    if Path(args.config).is_dir() and pictures.root.resolve() in args.out.resolve().parents:
        raise InputError(f'{args.out}: lies among the pictures; name a folder beside them')
    return args.out


def _tell(account: Account, out: Path, edge: int) -> None:
    from mmnoisy.datasets.pictures.shrink import SHRUNK, THERE, WRITTEN

    counts = account.counts
    there = sum(counts[what] for what in WRITTEN)
    told = ', '.join(f'{counts[what]:,} {what}' for what in WRITTEN if counts[what])
    sizes = f'{account.after / 1e6:,.1f} MB in place of {account.before / 1e6:,.1f}'
    print(f'{out}: {counted(there, "picture")}, {sizes}: {told}')
    if not counts[SHRUNK] and not counts[THERE]:
        print(f'none has a shorter edge above {edge} pixels: they are as fast to load as before')
    if account.first_error:
        others = ', '.join(f'{n:,} {what}' for what, n in counts.items() if what not in WRITTEN)
        print(f'{others}; the first: {account.first_error}', file=sys.stderr)


def _use(args: Namespace, project: Optional[Project], out: Path) -> None:
    """Says how to train on them; a project does so from now on."""
    if project is not None:
        original = project.info.get('original_pictures') or project.info['pictures']
        project.info.update(pictures=project.kept(out), original_pictures=original)
        project.write()
        print(f'{project.folder}: takes its pictures from there from now on')
    elif not Path(args.config).is_dir():
        from mmnoisy.engine.picture_sets import options_for

        options = ' '.join(options_for(quiet_config_of(args), out))
        print(f'train on them with --cfg-options {options}')
