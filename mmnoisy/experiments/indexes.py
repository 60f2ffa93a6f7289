"""Label indexes that a comparison makes of the three it is given, each under a name of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping
from zlib import crc32

import numpy as np

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import read_verdicts
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_path


def checksum(*indexes: LabelIndex) -> int:
    """Of the images and labels of indexes."""
    found = 0
    for index in indexes:
        for array in (*index.image_ids.arrays(), *index.noisy, *index.verdicts):
            found = crc32(np.ascontiguousarray(array).data, found)
    return found


def keep(index: LabelIndex, folder: Path, name: str) -> Path:
    """Writes an index, unless it is there; the name says what is in it, and so does a checksum.

    Returns:
        Where it is.
    """
    path = folder / f'{name}-{checksum(index):08x}'
    if not path.is_dir():
        try:
            with atomic_path(path, shared=True) as part:
                index.write(part)
        except InputError:
            if not path.is_dir():  # else another process has written the same
                raise
    return path


def readable(index: LabelIndex) -> LabelIndex:
    """The index of the images that have features."""
    return index if index.usable is None else part_of(index, np.arange(len(index.usable)))


def part_of(index: LabelIndex, images: np.ndarray) -> LabelIndex:
    """The index of some images, by their numbers among those that have features."""
    rows = images if index.usable is None else index.usable[images]
    return index.select(np.isin(np.arange(len(index)), rows))


def of_bounds(train: Path, files: Mapping[str, ReleaseFile], out: Path) -> dict[str, Path]:
    """Indexes of T with verdicts that nobody has in real life, and nothing else.

    Args:
        train: the index of T.
        files: verdicts on images of T, by the name of the bound.
        out: folder of the indexes.

    Returns:
        The index of each bound.

    Raises:
        InputError: a file or the index cannot be used.
    """
    paths = {}
    for name, file in files.items():
        index = LabelIndex.open(train)
        verdicts, account = read_verdicts(file, index.image_ids, index.classes)
        if not len(verdicts.label):
            raise InputError(
                f'{file}: has no verdict on an image of {train}; give those of its images'
            )
        index.verdicts = verdicts
        index.info['files'].append(account)
        paths[name] = keep(readable(index), out, name)
    return paths
