"""From the command line to a runner: arguments, config, processes with or without GPUs."""

from __future__ import annotations

import functools
import json
import os
import os.path as osp
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import torch
from mmengine.config import Config, DictAction
from mmengine.runner import Runner
from mmpretrain.registry import RUNNERS

from mmnoisy.engine.safe_checkpoints import newest_readable, read_checkpoint
from mmnoisy.engine.sets import fill_classes, resolve
from mmnoisy.engine.transforms import on_features
from mmnoisy.engine.whole_file import whole_file
from mmnoisy.errors import InputError

DATALOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def tool_parser(description: str) -> ArgumentParser:
    """A parser that shows the whole docstring of a tool, with its example, as help."""
    return ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)


def runner_parser(description: str) -> ArgumentParser:
    """A parser with the arguments that training and testing share; MMPretrain's names."""
    parser = tool_parser(description)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='logs and checkpoints, default ./work_dirs/CONFIG')
    add_cfg_options(parser)
    add_features(parser)
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='of jobs'
    )
    # torch.distributed.launch passes it; torchrun sets the variable LOCAL_RANK instead.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='of launchers')
    return parser


def add_features(parser: ArgumentParser) -> None:
    """Adds ``--features``."""
    parser.add_argument(
        '--features', metavar='DIR', help='a feature bank, in place of the pictures of the config'
    )


def model_parser(description: str) -> ArgumentParser:
    """A parser with the arguments of tools that use a trained model in one process."""
    parser = tool_parser(description)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    add_cfg_options(parser)
    add_features(parser)
    parser.set_defaults(work_dir=None, launcher='none', local_rank=0)
    return parser


def add_cfg_options(parser: ArgumentParser) -> None:
    """Adds ``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings that replace those of the config, as key.subkey=value',
    )


def user_errors(main: Callable[[], None]) -> Callable[[], None]:
    """Ends a tool with one line and exit code 2 where the user's input cannot be used."""

    @functools.wraps(main)
    def wrapped() -> None:
        try:
            main()
        except InputError as error:
            # From a loader's worker the message comes with the worker's traceback before it.
            message = str(error).strip().split('InputError: ')[-1]
            print(f'{osp.basename(sys.argv[0])}: error: {message}', file=sys.stderr)
            sys.exit(2)

    return wrapped


def pick_device(name: Optional[str] = None) -> str:
    """The device ``name``, or the GPU if there is one.

    Raises:
        InputError: there is no such device.
    """
    device = name or ('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f'--device {device}: cannot be used ({reason}); give cpu') from error
    return device


def write_json(path: Path, values: dict) -> None:
    """Writes a file that appears whole or not at all.

    Raises:
        InputError: the disk is full, or the file cannot be made there.
    """
    with whole_file(path) as file:
        file.write(json.dumps(values, indent=2) + '\n')


def load_config(args: Namespace) -> Config:
    """The config of a tool, with the shared arguments merged into it.

    Raises:
        InputError: the config, a file that it inherits from or a checkpoint does not exist.
    """
    try:
        cfg = Config.fromfile(args.config)
    except FileNotFoundError as error:
        name = error.filename or args.config
        raise InputError(f'{name}: there is no such config file; check the path') from error
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg.launcher = args.launcher
    cfg.work_dir = (
        args.work_dir
        or cfg.get('work_dir')
        or osp.join('work_dirs', osp.splitext(osp.basename(args.config))[0])
    )
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    resolve(cfg)
    if getattr(args, 'features', None):
        cfg = on_features(cfg, args.features)
    for name in DATALOADERS:
        if cfg.get(name) is not None:
            cfg[name].setdefault('pin_memory', torch.cuda.is_available())
            cfg[name].setdefault('persistent_workers', cfg[name].get('num_workers', 0) > 0)
            cfg[name].setdefault('collate_fn', dict(type='default_collate'))
    return cfg


def build_runner(cfg: Config) -> Any:
    """Builds the runner of a config, in one process or in several.

    MMEngine starts several processes on GPUs only; without any, they talk through gloo here. What
    a config shards among several processes, one alone has whole.

    Raises:
        InputError: a checkpoint that the config names does not exist.
    """
    if cfg.get('load_from') and osp.isdir(cfg.load_from):
        cfg.load_from = newest_readable(cfg.load_from)
    require_checkpoints(cfg.to_dict())
    fill_classes(cfg)
    if cfg.launcher == 'pytorch' and not torch.cuda.is_available():
        torch.distributed.init_process_group('gloo')
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel',
            device_ids=None,
            broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
    if cfg.launcher != 'none' and 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    runner = Runner.from_cfg(cfg)
    _count_accumulated(runner)
    return runner


def _count_accumulated(runner: Runner) -> None:
    """Scales learning rates by the images of a step; MMEngine counts those of a batch."""
    steps = (runner.cfg.get('optim_wrapper') or {}).get('accumulative_counts', 1)
    scale = runner.auto_scale_lr or {}
    if steps > 1 and scale.get('enable'):
        base = scale['base_batch_size'] / steps
        runner.auto_scale_lr = {**scale, 'base_batch_size': base}
        runner.logger.info(f'{steps} batches make a step: their base batch size is {base}.')


def resume_from(cfg: Config, checkpoint: str) -> None:
    """Makes a run go on from a checkpoint, or from its newest one if ``checkpoint`` is 'auto'.

    A run without a checkpoint so far begins as its config says.

    Raises:
        InputError: the checkpoint cannot be read, or all of the run cannot.
    """
    found = newest_readable(cfg.work_dir) if checkpoint == 'auto' else checkpoint
    if checkpoint != 'auto':
        read_checkpoint(checkpoint)
    if found:
        cfg.load_from, cfg.resume = found, True


def scale_learning_rates(cfg: Config) -> None:
    """Makes learning rates follow the images of a step, see ``docs/scaling.md``.

    Args:
        cfg: says by ``auto_scale_lr`` for how many images its learning rates are; is changed.

    Raises:
        InputError: it does not.
    """
    scale = cfg.get('auto_scale_lr') or {}
    if not scale.get('base_batch_size'):
        raise InputError(
            '--auto-scale-lr: the config does not say for how many images its learning rates are; '
            'add auto_scale_lr=dict(base_batch_size=...)'
        )
    cfg.auto_scale_lr = {**scale, 'enable': True}


def require_checkpoints(settings: Dict[str, Any]) -> None:
    """Looks whether the checkpoints are there that settings name.

    Raises:
        InputError: one does not exist.
    """
    for setting, path in checkpoints(settings):
        if path and '://' not in path and not osp.isfile(path):
            raise InputError(
                f'{path}: there is no such checkpoint; train it first, or give another one with '
                f'--cfg-options {setting}=PATH'
            )


def checkpoints(settings: Any, prefix: str = '') -> Iterator[Tuple[str, str]]:
    """Names and values of the settings that are paths of checkpoints."""
    items = settings.items() if isinstance(settings, dict) else enumerate(settings)
    for key, value in items:
        if isinstance(value, (dict, list, tuple)):
            yield from checkpoints(value, f'{prefix}{key}.')
        elif key in ('load_from', 'checkpoint', 'checkpoint_path') and isinstance(value, str):
            yield f'{prefix}{key}', value
