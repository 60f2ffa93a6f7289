"""Runs the backbone of a config over its pictures once, so that heads train on the features.

For example:
    python tools/extract_features.py configs/joint_tiny.py --out data/tiny-open-images/features
    python tools/train.py configs/joint_tiny.py --features data/tiny-open-images/features

writes the feature banks train, validation and test. Without a checkpoint the weights are those
that the config names. The same command goes on where a run was ended, and does nothing where all
is finished; `torchrun --nproc_per_node=8 tools/extract_features.py ...`, --shards and --ray share
the work.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Tuple

from mmnoisy.cli.parsers import add_config, check_loading, quiet_config_of
from mmnoisy.cli.sharing import add_sharing, locked, tell_share, workers_of
from mmnoisy.errors import InputError
from mmnoisy.wording import counted

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_config(parser, 'config file of a model on pictures', features=False)
    parser.add_argument('checkpoint', nargs='?', help='that has the weights of the backbone')
    parser.add_argument('--out', type=Path, required=True, help='folder of the three feature banks')
    parser.add_argument(
        '--views',
        type=int,
        default=1,
        metavar='K',
        help='views of each image of train and validation: one as in tests, K - 1 as in training',
    )
    parser.add_argument('--batch-size', type=int, default=64, help='pictures at once, default 64')
    parser.add_argument('--num-workers', type=int, default=1, help='processes that load, default 1')
    add_sharing(parser, 'the bank')


def run(args: Namespace) -> None:
    """Extracts the three sets, one after the other."""
    from mmengine.dist import get_rank

    from mmnoisy.engine.distributed.processes import join_processes
    from mmnoisy.engine.feature_extraction import Layout
    from mmnoisy.engine.feature_sets import extract_sets

    check_loading(args)
    if args.views < 1:
        raise InputError(f'--views {args.views}: give at least 1')
    workers = workers_of(args, args.num_workers)
    model, cfg = model_of(args)
    join_processes()
    layout = Layout(args.views, args.batch_size, args.num_workers, args.shard_images)
    with locked(args, args.out):
        banks = extract_sets(
            model, cfg, args.out, layout, workers, lambda: model_of(args), not args.parquet
        )
        for bank in banks:
            _, num_views, dim = bank.features.shape
            print(
                f'{bank.folder}: {counted(len(bank), "image")}, views: {num_views}, values: {dim}'
            )
        if get_rank() == 0:
            tell_share(args, args.out)


def model_of(args: Namespace) -> Tuple[torch.nn.Module, Config]:
    """The model and the config, here or on another machine."""
    from mmnoisy.engine.feature_sets import build_model

    cfg = quiet_config_of(args)
    return build_model(cfg, args.checkpoint), cfg
