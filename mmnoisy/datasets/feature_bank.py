"""The feature bank: the features of one set of images, computed once.

A folder like that of a label index: opened in milliseconds, shared by all processes of a machine
through the page cache. Pure NumPy, no MM imports.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Dict, Iterator, List, Literal, Sequence, Tuple

import numpy as np

from mmnoisy.datasets.release.ids import open_ids
from mmnoisy.datasets.several import joined_bank, part_folders
from mmnoisy.errors import InputError
from mmnoisy.io.arrays import open_array, read_info, text_arrays
from mmnoisy.io.atomic import atomic_folder
from mmnoisy.io.texts import Texts
from mmnoisy.wording import counted

WHAT = 'feature bank'
VERSIONS = (2, 1)  # the ids were numbers in the first
MEND = 'make it with tools/extract_features.py'


class FeatureBank:
    """Features of N images, K views of each.

    Attributes:
        folder: where the arrays are.
        image_ids: (N,) texts, ascending.
        features: (N, K, D) float16, in a lent bank any floating-point type; view 0 is the one to
            test with.
        done: (N,) bool, the rows that have been written.
        provenance: what the features were computed with, texts by name.
    """

    _lent: ClassVar[Dict[Path, FeatureBank]] = {}

    def __init__(self, folder: Path, info: Dict[str, Any], mode: Literal['r', 'r+'] = 'r') -> None:
        self.folder = folder
        self.provenance: Dict[str, str] = info['provenance']
        self.image_ids = open_ids(folder, info['shapes'], MEND)
        self.done, self.features = (
            open_array(folder / f'{name}.npy', MEND, info['shapes'][name], mode)
            for name in ('done', 'features')
        )

    def __len__(self) -> int:
        return len(self.image_ids)

    @classmethod
    def open(cls, folder: Path) -> FeatureBank:
        """Maps a finished bank into memory; nothing is read before it is used.

        Args:
            folder: of a bank, or of several, see :mod:`mmnoisy.datasets.several`.

        Raises:
            InputError: the folder is missing, is no bank, or is truncated or unfinished.
        """
        folder = Path(folder)
        if folder in cls._lent:
            return cls._lent[folder]
        parts = part_folders(folder, 'bank.json')
        if parts:
            return joined_bank(folder, parts, [cls.open(part) for part in parts])
        bank = cls(folder, read_info(folder / 'bank.json', WHAT, VERSIONS, MEND))
        if not bank.done.all():
            raise InputError(
                f'{folder}: {int(bank.done.sum()):,} of {counted(len(bank), "image")} are '
                'finished; remove it, and run tools/extract_features.py again'
            )
        return bank

    @classmethod
    @contextmanager
    def lent(cls, folder: Path, image_ids: Texts, features: Any) -> Iterator[None]:
        """Within the block, arrays of this process are the bank that a folder is opened as.

        Args:
            folder: where nothing is read or written, an absolute path.
            image_ids: (N,) texts, ascending.
            features: (N, K, D), an array or what is looked up as one, not copied.
        """
        bank = cls.__new__(cls)
        bank.folder, bank.provenance = folder, {}
        bank.image_ids, bank.features = image_ids, features
        bank.done = np.broadcast_to(True, len(image_ids))
        cls._lent[folder] = bank
        try:
            yield
        finally:
            del cls._lent[folder]

    @classmethod
    def create(
        cls,
        folder: Path,
        image_ids: Texts,
        views: int,
        dim: int,
        provenance: Dict[str, str],
    ) -> FeatureBank:
        """A bank to write to: an empty one, or that of the same features already begun.

        Args:
            folder: appears whole, with nothing finished.
            image_ids: (N,) texts, ascending.
            views: the number of views, K.
            dim: the width of the features, D.
            provenance: whatever the features depend on, texts by name.

        Raises:
            InputError: ``folder`` holds other features or something else, or the disk is full.
        """
        folder = Path(folder)
        n, ids = len(image_ids), text_arrays('image_ids', image_ids)
        shapes = {name: list(array.shape) for name, array in ids.items()}
        shapes.update(done=[n], features=[n, views, dim])
        info = {
            'format': f'mmnoisy {WHAT}',
            'version': VERSIONS[0],
            'shapes': shapes,
            'provenance': provenance,
        }
        if not folder.exists():
            _make(folder, info, ids)
        found = read_info(folder / 'bank.json', WHAT, VERSIONS, 'extract into a new folder')
        bank = cls(folder, found, mode='r+')
        different = _differences(found, info)
        if not different and bank.image_ids != image_ids:
            different = ['image ids']
        if different:
            raise InputError(
                f'{folder}: holds the features of another run (other {", ".join(different)}); '
                'extract into a new folder, or remove this one'
            )
        return bank

    def write(self, rows: np.ndarray, features: np.ndarray) -> None:
        """Stores the features (B, K, D) of the rows (B,) and marks them as finished.

        Raises:
            InputError: a feature is not finite, or too large for float16.
        """
        self.features[rows] = as_half(features, str(self.folder))
        # Not only in this order for other processes, but on the disk too, where the power fails.
        self.features.base.flush()  # type: ignore[union-attr]
        self.done[rows] = True

    def __reduce__(self) -> Tuple[Any, ...]:
        # A spawned worker maps the files again instead of receiving a copy of every array.
        return FeatureBank.open, (self.folder,)


def as_half(features: np.ndarray, where: str) -> np.ndarray:
    """Features as float16, of any shape.

    Args:
        features: numbers.
        where: they belong, to name it.

    Raises:
        InputError: one is not finite, or too large.
    """
    with np.errstate(over='ignore'):
        half = features.astype(np.float16)
    if not np.isfinite(half).all():
        raise InputError(
            f'{where}: a feature is {features[~np.isfinite(half)][0]:g}, which float16 does not '
            'hold; check the weights that computed it, and the scale of their input'
        )
    return half


def find_images(banks: Sequence[FeatureBank], image_ids: Texts) -> np.ndarray:
    """Where the features of images are.

    Args:
        banks: are taken as one, the rows of the first before those of the second and so on.
        image_ids: (n) texts.

    Returns:
        (n,) int64, row numbers; -1 for an image in none of the banks. The first bank counts.
    """
    place = np.full(len(image_ids), -1)
    begin = sum(map(len, banks))
    for bank in reversed(banks):
        begin -= len(bank)
        row = bank.image_ids.rows(image_ids)
        place = np.where(row < 0, place, begin + row)
    return place


def take_features(banks: Sequence[FeatureBank], place: np.ndarray, views: np.ndarray) -> np.ndarray:
    """The features (n, D) float16 of places (n,), see :func:`find_images`, one view (n,) of each.

    Raises:
        InputError: the banks hold features of different widths.
    """
    if len(banks) == 1:
        # The same bits, however the features of a lent bank lie in memory.
        return np.ascontiguousarray(banks[0].features[place, views])
    widths = {bank.features.shape[2] for bank in banks}
    if len(widths) > 1:
        names = ' and '.join(str(bank.folder) for bank in banks)
        raise InputError(f'{names}: hold features of widths {sorted(widths)}; give one kind')
    features = np.empty((len(place), *widths), np.float16)
    begin = 0
    for bank in banks:
        here = (place >= begin) & (place < begin + len(bank))
        features[here] = bank.features[place[here] - begin, views[here]]
        begin += len(bank)
    return features


def _make(folder: Path, info: Dict[str, Any], image_ids: Dict[str, np.ndarray]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    size = 2 * int(np.prod(info['shapes']['features'], dtype=np.int64))
    free = shutil.disk_usage(folder.parent).free
    # Beforehand: a mapped file that outgrows the disk ends the process without a word.
    if size > free:
        raise InputError(
            f'{folder}: the features take {size / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; '
            'extract to a larger disk, or fewer views'
        )
    with atomic_folder(folder) as made:
        for name, ids in image_ids.items():
            np.save(made / f'{name}.npy', ids, allow_pickle=False)
        for array, dtype in (('done', np.bool_), ('features', np.float16)):
            shape = tuple(info['shapes'][array])
            np.lib.format.open_memmap(made / f'{array}.npy', 'w+', dtype, shape)
        (made / 'bank.json').write_text(json.dumps(info, indent=1, ensure_ascii=False), 'utf-8')


def _differences(found: Dict[str, Any], wanted: Dict[str, Any]) -> List[str]:
    """Names of the parts of two infos that differ."""
    n, views, dim = zip(found['shapes']['features'], wanted['shapes']['features'])
    sizes = {'number of images': n, 'views': views, 'dimension': dim}
    different = [name for name, (a, b) in sizes.items() if a != b]
    old, new = found['provenance'], wanted['provenance']
    return different + [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
