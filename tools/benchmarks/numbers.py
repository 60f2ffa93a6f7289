"""Numbers on the command line that are too small."""

from __future__ import annotations

from argparse import Namespace

from mmnoisy.errors import InputError


def require_at_least(args: Namespace, **least: int) -> None:
    """Refuses smaller numbers.

    Args:
        args: of the command line.
        **least: the smallest number for an option, by its name in ``args``.

    Raises:
        InputError: one is smaller.
    """
    for name, number in least.items():
        given = getattr(args, name)
        if given < number:
            option = name.replace('_', '-')
            raise InputError(f'--{option} {given}: give a number of at least {number}')
