"""T with verdicts that nobody has in real life: the bounds of a comparison, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Mapping

import numpy as np

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import read_verdicts
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_path


def prepare_bounds(train: Path, files: Mapping[str, ReleaseFile], out: Path) -> Dict[str, Path]:
    """Writes an index of T with the verdicts of each bound, unless it is there.

    Args:
        train: the index of T.
        files: verdicts on images of T, by the name of the bound.
        out: folder of the indexes.

    Returns:
        The index of each bound.

    Raises:
        InputError: a file or the index cannot be used, or the index that is there is of others.
    """
    paths = {name: out / name for name in files}
    for name, path in paths.items():
        index = LabelIndex.open(train)
        verdicts, account = read_verdicts(files[name], index.image_ids, index.classes)
        if not len(verdicts.label):
            raise InputError(
                f'{files[name]}: has no verdict on an image of {train}; give those of its images'
            )
        index.verdicts = verdicts
        index.info['files'].append(account)
        if index.usable is not None:
            index = index.select(np.isin(np.arange(len(index)), index.usable))
        if path.is_dir():
            _check_same(index, LabelIndex.open(path), path, files[name])
            continue
        with atomic_path(path) as part:
            index.write(part)
    return paths


def _check_same(index: LabelIndex, found: LabelIndex, path: Path, file: ReleaseFile) -> None:
    pairs = zip((index.image_ids, *index.verdicts), (found.image_ids, *found.verdicts))
    if not all(np.array_equal(a, b) for a, b in pairs):
        raise InputError(
            f'{path}: holds other verdicts than {file}; give another --out, or that file'
        )
