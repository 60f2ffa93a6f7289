"""``mmnoisy SUBCOMMAND`` and ``tools/SUBCOMMAND.py``: the same."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from typing import Any, List, Optional

from mmnoisy import __version__
from mmnoisy.cli.boundary import user_errors

SUBCOMMANDS = (
    'prepare_openimages',
    'download_images',
    'dataset_stats',
    'extract_features',
    'train',
    'test',
    'compare',
    'run',
    'calibrate',
    'predict',
    'export_onnx',
    'clean_labels',
    'view_labels',
    'review_queue',
    'export_labels',
)


def main(name: Optional[str] = None) -> None:
    """Runs a subcommand with the arguments of the command line.

    Args:
        name: of the subcommand; the first argument where it is None.
    """
    arguments, program = sys.argv[1:], None
    if name is None:
        name = _chosen(arguments[:1])
        arguments, program = arguments[1:], f'mmnoisy {name}'
    tool = _module(name)
    parser = ArgumentParser(
        program, description=tool.__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    with user_errors(parser.prog):
        tool.add_arguments(parser)
        tool.run(parser.parse_args(arguments))


def _chosen(arguments: List[str]) -> str:
    """The subcommand that is asked for; ends after the help, or where there is none."""
    lines = [f'  {name:<20}{_module(name).__doc__.splitlines()[0]}' for name in SUBCOMMANDS]
    parser = ArgumentParser(
        'mmnoisy',
        description='Learning from many noisy labels with a few verified ones.',
        epilog='\n'.join(['subcommands:', *lines, '', 'mmnoisy SUBCOMMAND --help tells more']),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument('--version', action='version', version=__version__)
    parser.add_argument('subcommand', metavar='SUBCOMMAND', choices=SUBCOMMANDS, help='see below')
    return parser.parse_args(arguments).subcommand


def _module(name: str) -> Any:
    return import_module(f'mmnoisy.cli.{name}')
