"""``mmnoisy SUBCOMMAND`` and ``tools/SUBCOMMAND.py``: the same."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from typing import List, Optional

from mmnoisy import __version__
from mmnoisy.cli.boundary import user_errors

SUBCOMMANDS = {
    'import': 'import_labels',
    'run': 'run',
    'clean': 'clean_labels',
    'review': 'review_queue',
    'predict': 'predict',
    'view': 'view_labels',
    'calibrate': 'calibrate',
    'export': 'export_labels',
    'export_onnx': 'export_onnx',
    'train': 'train',
    'test': 'test',
    'compare': 'compare',
    'extract_features': 'extract_features',
    'prepare_openimages': 'prepare_openimages',
    'download_images': 'download_images',
    'shrink': 'shrink_pictures',
    'dataset_stats': 'dataset_stats',
    'doctor': 'doctor',
}
"""The module of each; its name is that of the script in tools, and may be given too."""


def main(name: Optional[str] = None) -> None:
    """Runs a subcommand with the arguments of the command line.

    Args:
        name: of the subcommand; the first argument where it is None.
    """
    arguments, program = sys.argv[1:], None
    if name is None:
        # What only another one needs may be missing: the help of all imports all.
        known = arguments and arguments[0] in SUBCOMMANDS
        name = arguments[0] if known else _chosen(arguments[:1])
        arguments, program = arguments[1:], f'mmnoisy {name}'
    tool = import_module(f'mmnoisy.cli.{SUBCOMMANDS.get(name, name)}')
    parser = ArgumentParser(
        program, description=tool.__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    with user_errors(parser.prog):
        tool.add_arguments(parser)
        tool.run(parser.parse_args(arguments))


def _chosen(arguments: List[str]) -> str:
    """The subcommand that is asked for; ends after the help, or where there is none."""
    lines = []
    for name, module in SUBCOMMANDS.items():
        told = import_module(f'mmnoisy.cli.{module}').__doc__ or ''
        lines.append(f'  {name:<20}{told.splitlines()[0]}')
    parser = ArgumentParser(
        'mmnoisy',
        description='Learning from many noisy labels with a few verified ones.',
        epilog='\n'.join(['subcommands:', *lines, '', 'mmnoisy SUBCOMMAND --help tells more']),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument('--version', action='version', version=__version__)
    choices = [*dict.fromkeys([*SUBCOMMANDS, *SUBCOMMANDS.values()])]
    parser.add_argument('subcommand', metavar='SUBCOMMAND', choices=choices, help='see below')
    return parser.parse_args(arguments).subcommand
