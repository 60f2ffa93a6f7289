"""Trains a model.

For example:
    python tools/train.py configs/joint_demo.py
    python tools/train.py configs/joint_openimages.py --work-dir runs/joint --resume
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mmnoisy.cli.parsers import add_config, add_launcher, config_of
from mmnoisy.io.lock import lock

if TYPE_CHECKING:
    from mmengine.config import Config

_PATIENCE = 120  # seconds until a file system gives back the lock of a node that was lost


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say; names and meanings are those of MMPretrain's tool."""
    add_config(parser)
    add_launcher(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='go on from this checkpoint, or from the last one of the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision, on GPUs only')
    parser.add_argument('--no-validate', action='store_true', help='train without evaluating')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rates with the images of a step of all processes together',
    )
    parser.add_argument(
        '--hold-back',
        type=int,
        metavar='N',
        help='keep the last N images of V out of the training and log how precise the cleaned '
        'labels are on them',
    )


def run(args: Namespace) -> None:
    """Builds the runner of the config and trains."""
    from mmnoisy.engine.distributed.processes import is_first, may_restart
    from mmnoisy.engine.runner import build_runner, resume_from

    cfg = config_of(args)
    patience = _PATIENCE if may_restart() else 0
    with lock(Path(cfg.work_dir), is_first(args.launcher), patience):
        if args.resume or may_restart():
            resume_from(cfg, args.resume or 'auto')
        build_runner(apply_options(cfg, args)).train()


def apply_options(cfg: Config, args: Namespace) -> Config:
    """The config with what the options of training change.

    Raises:
        InputError: an option cannot act.
    """
    from mmnoisy.engine.auto_scale_lr import scale_learning_rates
    from mmnoisy.engine.precision import use_mixed_precision
    from mmnoisy.engine.transforms import hold_out

    if args.amp:
        use_mixed_precision(cfg)
    if args.hold_back:
        cfg = hold_out(cfg, args.hold_back)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.auto_scale_lr:
        scale_learning_rates(cfg)
    return cfg
