"""The folder of the three label indexes of a data set."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping

from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.pictures.scan import keep_states
from mmnoisy.datasets.release.class_map import FILE as CLASS_MAP
from mmnoisy.errors import InputError


@contextmanager
def whole_folder(indexes: Mapping[str, LabelIndex], out: Path) -> Iterator[Path]:
    """The folder of the indexes, to put more into before it gets its name.

    What an older one in its place knew of the pictures is kept.

    Args:
        indexes: by subset.
        out: the folder, which appears whole or not at all.

    Raises:
        InputError: it cannot be written, or holds something else.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f'.{out.name}-', dir=out.parent) as name:
            temporary = Path(name)
            for subset, index in indexes.items():
                index.write(temporary / 'new' / subset)
            yield temporary / 'new'
            if out.exists():
                _check_replaceable(out)
                for subset in indexes:
                    keep_states(out / subset, temporary / 'new' / subset)
                out.rename(temporary / 'old')
            (temporary / 'new').rename(out)
    except OSError as error:
        raise InputError(
            f'{out}: cannot be written ({error.strerror or error}); '
            'make room, or name another folder with --out'
        ) from error


def _check_replaceable(out: Path) -> None:
    foreign = [path for path in out.iterdir() if path.name not in (*SUBSETS, CLASS_MAP)]
    if foreign:
        raise InputError(
            f'{out}: holds {foreign[0].name}, which is no part of a label index; '
            'name another folder with --out'
        )
