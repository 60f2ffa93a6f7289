"""The one exception for what a user can get wrong."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Iterable

USER_ERROR = 2
"""The exit code of tools that end with it."""

GO_ON = 75
"""The exit code of a training that was told to stop and has saved: start it again to go on.

Known as EX_TEMPFAIL, of a failure that passes.
"""


class InputError(ValueError):
    """Something given by the user cannot be used.

    The message is one sentence that names the file or setting, the value found there and the
    mend. The tools print it without a traceback and exit with code 2.
    """


def like(name: str, names: Iterable[str]) -> str:
    """The end of a sentence on an unknown name: those that are spelt like it, if there are any."""
    close = get_close_matches(name, sorted(names), 3)
    return f'; did you mean {" or ".join(close)}?' if close else '; check its spelling'
