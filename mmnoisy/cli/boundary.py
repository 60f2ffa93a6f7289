"""Where what a user got wrong becomes one sentence; programming errors keep their traceback."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Iterator

from mmnoisy.errors import USER_ERROR, InputError


@contextmanager
def user_errors(program: str) -> Iterator[None]:
    """Ends a tool with one line and exit code 2 where the user's input cannot be used.

    Args:
        program: name of the tool, to begin the line with.
    """
    try:
        yield
    except InputError as error:
        # From a loader's worker the message comes with the worker's traceback before it.
        message = str(error).strip().split('InputError: ')[-1]
        print(f'{program}: error: {message}', file=sys.stderr)
        sys.exit(USER_ERROR)
