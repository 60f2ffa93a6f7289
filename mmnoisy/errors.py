"""The one exception for what a user can get wrong."""

USER_ERROR = 2
"""The exit code of tools that end with it."""


class InputError(ValueError):
    """Something given by the user cannot be used.

    The message is one sentence that names the file or setting, the value found there and the
    mend. The tools print it without a traceback and exit with code 2.
    """
