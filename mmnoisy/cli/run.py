"""Chooses a method for a project on its verified images, trains it and says how good it is.

For example:
    mmnoisy run pets
    mmnoisy run pets --backbone tf_efficientnet_lite0 --weights tf_efficientnet_lite0_timm.pth
    mmnoisy run pets --features embeddings.npy --feature-ids ids.txt
or, in a checkout, python tools/run.py pets

Stages: the sets, their features, the choice of a method by cross-fitting on V, its training, the
networks that clean T, the figures, the page. What is finished is not done again, and a run that
was ended goes on. In the folder of the project it writes features, config.py and start.pth (which
tools/train.py trains as they are), model (a work dir, as the other tools take), choice.json and
index.html.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmnoisy.cli.parsers import add_options
from mmnoisy.errors import InputError

_BACKBONE = 'tf_efficientnet_lite0'


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    parser.add_argument(
        'project', type=Path, metavar='PROJECT', help='folder that mmnoisy import made'
    )
    parser.add_argument(
        '--backbone',
        metavar='NAME',
        help=f'a network of timm, default {_BACKBONE}, hf-hub:OWNER/NAME, or a config of '
        'MMPretrain, its file or its name',
    )
    parser.add_argument(
        '--weights',
        type=Path,
        metavar='FILE',
        help='weights of the backbone; by default timm fetches them',
    )
    parser.add_argument(
        '--image-size',
        type=int,
        metavar='PIXELS',
        help='edge of the pictures, default that of the backbone',
    )
    parser.add_argument(
        '--features',
        type=Path,
        metavar='NPY',
        help='an array (N, D) in place of a backbone, its rows in the order of --feature-ids, or '
        'of the ids of all images of the project, sorted',
    )
    parser.add_argument(
        '--feature-ids', type=Path, metavar='TXT', help='the image id of each row, one a line'
    )
    parser.add_argument(
        '--method', default='auto', help='auto (default) chooses on V; or the name of a method'
    )
    parser.add_argument('--seed', type=int, default=0, help='of all that is drawn, default 0')
    parser.add_argument('--device', help='such as cpu or cuda:1, default the first GPU if any')
    parser.add_argument(
        '--num-workers', type=int, default=1, help='processes that load pictures, default 1'
    )
    parser.add_argument(
        '--processes',
        type=int,
        metavar='N',
        help='that train at once, where there is no GPU; default one more than the cores, or than '
        'OMP_NUM_THREADS',
    )
    add_options(parser, 'all methods')


def run(args: Namespace) -> None:
    """Runs all stages and says what was found."""
    _check(args)
    if args.device:
        _use(args.device)
    from mmnoisy.engine.config import parse_options
    from mmnoisy.experiments.project_run import Settings, run_project
    from mmnoisy.experiments.report.project import lines

    settings = Settings(
        backbone=args.backbone or _BACKBONE,
        weights=args.weights,
        image_size=args.image_size,
        features=args.features,
        feature_ids=args.feature_ids,
        method=args.method,
        seed=args.seed,
        options=parse_options(args.cfg_options),
        num_workers=args.num_workers,
        processes=args.processes,
    )
    found = run_project(args.project, settings)
    print('\n'.join(['', *lines(found), '']))
    print(f'written to {args.project}; open {args.project / "index.html"}')


def _check(args: Namespace) -> None:
    """Refuses what contradicts itself, before anything is read."""
    if args.features and (args.backbone or args.weights or args.image_size):
        raise InputError(
            f'--features {args.features}: takes the place of a backbone; leave out --backbone, '
            '--weights and --image-size'
        )
    if args.feature_ids and not args.features:
        raise InputError(f'--feature-ids {args.feature_ids}: is of --features; give both')
    if not 0 <= args.seed < 2**32:
        raise InputError(f'--seed {args.seed}: give a number from 0 to {2**32 - 1}')
    if args.processes is not None and args.processes < 1:
        raise InputError(f'--processes {args.processes}: give at least 1')
    if args.num_workers < 0 or (args.image_size or 32) < 32:
        raise InputError(
            f'--num-workers {args.num_workers} --image-size {args.image_size}: give at least 0 and '
            'at least 32'
        )


def _use(device: str) -> None:
    """Lets this process see one device only; before PyTorch looks for them."""
    kind, _, number = device.partition(':')
    if kind not in ('cpu', 'cuda') or (number and not number.isdigit()):
        raise InputError(f'--device {device}: give cpu, cuda or one such as cuda:1')
    os.environ['CUDA_VISIBLE_DEVICES'] = '' if kind == 'cpu' else (number or '0')
    if kind == 'cuda':
        from mmnoisy.engine.devices import pick_device

        pick_device('cuda:0')
