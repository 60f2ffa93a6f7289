"""What the systems are trained and tested on: indexes and feature banks of T, V and test."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence
from zlib import crc32

import numpy as np

from mmnoisy.experiments.scaling import Scaling
from mmnoisy.datasets.feature_bank import FeatureBank
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.open_images_features import ConcatFeatures, OpenImagesFeatures
from mmnoisy.errors import InputError

FOLDERS = {'T': 'train', 'V': 'validation', 'test': 'test'}


class Banks:
    """The three sets of a comparison, and T with the labels of the bounds.

    Args:
        index: folder of the three label indexes, written by ``tools/prepare_openimages.py``.
        features: folder of their banks, written by ``tools/extract_features.py``.
        device: holds the features of the sets to train on.
        bounds: indexes of T with verdicts, by the name of the bound.

    Raises:
        InputError: an index or a bank cannot be opened, or they do not belong together.
    """

    def __init__(
        self,
        index: Path,
        features: Path,
        device: str = 'cpu',
        bounds: Optional[Dict[str, Path]] = None,
    ) -> None:
        self.device = device
        self._index = {name: index / folder for name, folder in FOLDERS.items()}
        self._features = {name: features / folder for name, folder in FOLDERS.items()}
        for bound, path in (bounds or {}).items():
            self._index[bound], self._features[bound] = path, self._features['T']
        self._open: Dict[str, Any] = {}
        self.noisy: LabelIndex = self.source('T').index
        self.test = self._dataset('test', test_mode=True)
        self.scaling = Scaling.of(self.source('T').banks[0].features)
        self._check()

    @property
    def num_verified(self) -> int:
        """|V|."""
        return len(self.source('V'))

    @property
    def dim(self) -> int:
        """D, width of the features."""
        return self.test.banks[0].features.shape[-1]

    @property
    def checksum(self) -> int:
        """Of the images and labels of the three sets."""
        checksum = 0
        for index in (self.noisy, self.source('V').index, self.test.index):
            for array in (index.image_ids, *index.noisy, *index.verdicts):
                checksum = crc32(np.ascontiguousarray(array).data, checksum)
        return checksum

    def source(self, name: str) -> Any:
        """One whole set to train on, opened once."""
        if name not in self._open:
            self._open[name] = self._dataset(name)
        return self._open[name]

    def mix(
        self, sources: Sequence[str], verified: np.ndarray, labels: Optional[LabelIndex] = None
    ) -> Any:
        """A set to train on: the ``sources`` together, of V only the rows ``verified``.

        Args:
            sources: names.
            verified: rows of V.
            labels: of the images of T that can be read, in place of its own.
        """

        def part(name: str) -> Any:
            if name == 'V':
                return self._dataset(name, indices=verified.tolist())
            whole = self.source(name)
            if name == 'T' and labels is not None:
                whole = copy(whole)
                whole.index = labels
            return whole

        parts = [part(name) for name in sources]
        return parts[0] if len(parts) == 1 else ConcatFeatures(parts)

    @property
    def readable(self) -> LabelIndex:
        """The index of the images of T that have features."""
        usable = self.noisy.usable
        if usable is None:
            return self.noisy
        return self.noisy.select(np.isin(np.arange(len(self.noisy)), usable))

    def part_of_t(self, rows: np.ndarray, test_mode: bool = False) -> OpenImagesFeatures:
        """Some images of T, to train or to test on."""
        return self._dataset('T', indices=rows.tolist(), test_mode=test_mode)

    def held_out(self, verified: np.ndarray) -> OpenImagesFeatures:
        """The rows ``verified`` of V, to test on."""
        return self._dataset('V', indices=verified.tolist(), test_mode=True)

    def subset(self, size: int, seed: int) -> np.ndarray:
        """Rows of V: a random choice of ``size`` of them that is part of every larger one."""
        order = np.random.default_rng([seed, self.num_verified]).permutation(self.num_verified)
        return np.sort(order[:size])

    def _dataset(
        self, name: str, indices: Optional[List[int]] = None, test_mode: bool = False
    ) -> OpenImagesFeatures:
        on_device = self.device != 'cpu' and not test_mode
        return OpenImagesFeatures(
            str(self._index[name]),
            str(self._features[name]),
            device=self.device if on_device else None,
            indices=indices,
            test_mode=test_mode,
        )

    def _check(self) -> None:
        self.noisy.require_one_vocabulary(
            self._index['T'], 'give an index of one vocabulary, or train the *_objects configs'
        )
        sets = {name: self.source(name) for name in ('T', 'V')}
        sets['test'] = self.test
        for name in ('V', 'test'):
            other, bank = sets[name], sets[name].banks[0]
            if other.index.classes != self.noisy.classes:
                raise InputError(
                    f'{self._index[name]}: has another class list than {self._index["T"]}; '
                    'prepare the three indexes together with tools/prepare_openimages.py'
                )
            if _kind(bank) != _kind(sets['T'].banks[0]):
                raise InputError(
                    f'{bank.folder}: holds {_kind(bank)}, {self._features["T"]} '
                    f'{_kind(sets["T"].banks[0])}; extract all three with the same backbone'
                )
            if not other.index.verdicts.value.any():
                raise InputError(
                    f'{self._index[name]}: has no label that is verified present; prepare it again '
                    'with the file of its verdicts'
                )
        for name, before in (('V', 'T'), ('test', 'T'), ('test', 'V')):
            both = np.intersect1d(sets[name].index.image_ids, sets[before].index.image_ids)
            if len(both):
                raise InputError(
                    f'{self._index[name]}: has {len(both):,} images of {self._index[before]} too, '
                    f'the first is {both[0]:016x}; prepare the three indexes together'
                )


def _kind(bank: FeatureBank) -> str:
    """Features that models can share, in words."""
    weights = bank.provenance.get('weights', 'unknown')
    return f'features of width {bank.features.shape[-1]} of the weights {weights}'
