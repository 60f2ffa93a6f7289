"""What a run is made by, so that nothing of other settings, code or data is taken for it."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Dict, Mapping, Optional

from mmengine.config import Config

import mmnoisy
from mmnoisy.engine.config import placed
from mmnoisy.errors import InputError

CODE = ('datasets', 'engine', 'evaluation', 'experiments', 'models')
"""The packages that decide what comes out of a run."""


def fingerprint(settings: Config, places: Mapping[str, str], data: str) -> Dict[str, str]:
    """What a run is made by; equal fingerprints give equal runs.

    Args:
        settings: the config.
        places: paths in it that may change, and what stands for them.
        data: checksum of the labels.

    Returns:
        Checksums of ``settings`` and ``code``, and ``data``.
    """
    said = placed({**settings.to_dict(), 'work_dir': ''}, places)
    text = json.dumps(said, sort_keys=True, default=str)
    return {'settings': _digest(text.encode()), 'code': _code(), 'data': data}


@cache
def _code() -> str:
    """Of the sources of :data:`CODE`, without what only shows results."""
    package = Path(mmnoisy.__file__).parent
    paths = [path for name in CODE for path in sorted((package / name).rglob('*.py'))]
    return _digest(b''.join(path.read_bytes() for path in paths if path.parent.name != 'report'))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def check_made_by(path: Path, found: Optional[Dict[str, str]], wanted: Dict[str, str]) -> None:
    """Refuses what other settings, data or code have made.

    Args:
        path: of what is there.
        found: what it was made by.
        wanted: what it would be made by now.

    Raises:
        InputError: they differ.
    """
    different = [key for key, value in wanted.items() if (found or {}).get(key) != value]
    if different:
        raise InputError(
            f'{path}: was made by other {" and ".join(different)}; give another --out, or remove '
            'this one, and the same command makes it again'
        )


def read_json(path: Path) -> dict:
    """What a JSON file of a comparison holds.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return json.loads(path.read_text('utf-8'))
    except (OSError, ValueError) as error:
        raise InputError(f'{path}: cannot be read ({error}); remove it to make it again') from error
