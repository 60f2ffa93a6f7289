"""Reports are complete before the first file of them is moved into place."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from mmnoisy.errors import InputError


@contextmanager
def whole_files(out: Path) -> Iterator[Path]:
    """Gives a folder to write files into; they are moved into ``out`` when the block succeeds.

    Args:
        out: is made where it is missing.

    Raises:
        InputError: ``out`` is no folder, or nothing can be written there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.unfinished-', dir=out) as name:
            yield Path(name)
            for path in sorted(Path(name).iterdir()):
                os.replace(path, out / path.name)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f'{out}: cannot be written to ({reason}); name another --out') from error
