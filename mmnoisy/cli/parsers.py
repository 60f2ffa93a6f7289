"""The arguments that tools share, and what they ask for."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from mmnoisy.config_files import find_config
from mmnoisy.datasets import SUBSETS
from mmnoisy.errors import InputError

if TYPE_CHECKING:
    from mmengine.config import Config

    from mmnoisy.cleaning.scorer import Scorer
    from mmnoisy.datasets.project import Project


def add_config(parser: ArgumentParser, what: str = 'config file', features: bool = True) -> None:
    """Adds the config and what changes it.

    Args:
        parser: of a tool.
        what: the config must be.
        features: whether it may be one on features.
    """
    parser.add_argument('config', help=f'{what}, or a project')
    add_options(parser, 'the config')
    parser.set_defaults(features=None, reads_features=features)
    if features:
        parser.add_argument(
            '--features',
            type=Path,
            metavar='DIR',
            help='feature bank to take in place of the pictures',
        )


def add_options(parser: ArgumentParser, whose: str) -> None:
    """Adds ``--cfg-options``; ``whose`` settings they replace."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        metavar='KEY=VALUE',
        help=f'settings that replace those of {whose}, as key.subkey=value',
    )


def add_launcher(parser: ArgumentParser) -> None:
    """Adds the arguments that training and testing share; MMPretrain's names."""
    parser.add_argument('--work-dir', help='logs and checkpoints, default ./work_dirs/CONFIG')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how processes start',
    )
    # torch.distributed.launch passes it; torchrun sets the variable LOCAL_RANK instead.
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, default=0, help='set by launchers'
    )


def add_checkpoint(parser: ArgumentParser) -> None:
    """Adds the weights, which a project has."""
    parser.add_argument(
        'checkpoint', nargs='?', help='checkpoint, or the work dir of a run; a project has its own'
    )
    parser.set_defaults(needs_checkpoint=True)


def add_trained_model(parser: ArgumentParser, verb: str) -> None:
    """Adds the arguments of the tools that let a trained model look at a data set.

    That of a project is made of networks that have not learned from the labels that they look at.

    Args:
        parser: of a tool.
        verb: what it does with the labels of the data set.
    """
    add_config(parser, 'config file of a model with a cleaning head')
    add_checkpoint(parser)
    parser.set_defaults(by_parts=True)
    parser.add_argument('--batch-size', type=int, default=64, help='images at once, default 64')
    parser.add_argument(
        '--num-workers', type=int, default=1, help='processes that load pictures, default 1'
    )
    parser.add_argument('--out', type=Path, help='folder to write; of a project in it by default')
    parser.add_argument(
        '--subset', choices=SUBSETS, default='train', help=f'whose labels to {verb}, default train'
    )


def out_of(args: Namespace, name: str) -> Path:
    """The folder to write: the one that is given, or one of this name in the project.

    Raises:
        InputError: there is neither.
    """
    if args.out is not None:
        return args.out
    project = project_of(args.config)
    if project is None:
        find_config(args.config)  # before anything else is asked for
        raise InputError('--out FOLDER: is missing; name the folder to write')
    return project.folder / name


def config_of(args: Namespace) -> Config:
    """The config that the arguments of a tool ask for.

    A checkpoint among them may be a work dir, and is its newest one then. A project stands for its
    config, its model and its features.

    Raises:
        InputError: it cannot be used.
    """
    import mmnoisy.components  # noqa: F401
    from mmnoisy.cleaning.from_config import is_of_parts
    from mmnoisy.engine.checkpoints.reading import checkpoint_file
    from mmnoisy.engine.config import load_config, parse_options

    project = project_of(args.config)
    if project is not None:
        _take_from(project, args)
    elif getattr(args, 'needs_checkpoint', False) and args.checkpoint is None:
        find_config(args.config)
        raise InputError(f'{args.config}: give its checkpoint too, or the work dir of a run')
    os.environ.setdefault('LOCAL_RANK', str(getattr(args, 'local_rank', 0)))
    if getattr(args, 'checkpoint', None) and not is_of_parts(args.checkpoint):
        args.checkpoint = checkpoint_file(args.checkpoint)
    return load_config(
        args.config,
        getattr(args, 'work_dir', None),
        parse_options(args.cfg_options),
        getattr(args, 'launcher', 'none'),
        args.features,
    )


def require_test_set(project: Optional[Project], cfg: Config) -> None:
    """Refuses a config without a test set, in the words of its project if it is of one.

    Raises:
        InputError: it has none.
    """
    if cfg.get('test_dataloader'):
        return
    if project is None:
        raise InputError(f'{cfg.filename}: has no test set; name one as its test_set')
    raise InputError(
        f'{project.folder}: has no test set, as nothing is verified present on the pictures set '
        'aside to test on; import your files again with more verdicts'
    )


def project_of(path: str | Path) -> Optional[Project]:
    """The project that a folder is; None for anything else.

    Raises:
        InputError: a folder is no project.
    """
    from mmnoisy.datasets.project import Project

    return Project.open(Path(path)) if Path(path).is_dir() else None


def _take_from(project: Project, args: Namespace) -> None:
    """Puts what a project has in the place of what the arguments leave out."""
    needs_model = getattr(args, 'needs_checkpoint', False) and args.checkpoint is None
    if not project.config.is_file() or (needs_model and not project.model.is_dir()):
        raise InputError(f'{project.folder}: has no model yet; run mmnoisy run {project.folder}')
    args.config = str(project.config)
    if needs_model:
        args.checkpoint = str(project.model)
        if getattr(args, 'by_parts', False) and project.cleaner.is_file():
            args.config, args.checkpoint = str(project.cleaner), str(project.parts)
    if args.reads_features and args.features is None and project.features.is_dir():
        args.features = project.features


def quiet_config_of(args: Namespace) -> Config:
    """The same for a tool that does not log what MMEngine does, such as a list of all weights."""
    from mmengine.logging import MMLogger
    from mmengine.registry import init_default_scope

    cfg = config_of(args)
    if not MMLogger.check_instance_created('mmnoisy'):
        MMLogger.get_instance('mmnoisy', log_level='WARNING')
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    return cfg


def scorer_of(args: Namespace, cfg: Config, subset: str) -> Scorer:
    """The model that the arguments name, before a subset of the data set of its config.

    Raises:
        InputError: one of them cannot be used.
    """
    from mmnoisy.cleaning.from_config import build_scorer

    return build_scorer(cfg, args.checkpoint, subset, args.batch_size, args.num_workers)


def check_loading(args: Namespace) -> None:
    """Refuses a batch without images.

    Raises:
        InputError: an argument cannot be used.
    """
    if args.batch_size < 1 or args.num_workers < 0:
        raise InputError(
            f'--batch-size {args.batch_size} --num-workers {args.num_workers}: give at least 1 and '
            'at least 0'
        )
