"""Open Images with features in place of pictures, whole batches at a time."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, List, Sequence

import numpy as np
import torch
from mmengine.dataset import ConcatDataset
from mmengine.registry import FUNCTIONS
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS
from mmpretrain.structures import DataSample

from mmnoisy.datasets.feature_bank import FeatureBank, find_images, take_features
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError
from mmnoisy.label_batch import LabelBatch
from mmnoisy.wording import counted

BLOCK = 2**14


@DATASETS.register_module()
class OpenImagesFeatures(BaseDataset):
    """The samples of :class:`OpenImages`, with features from a bank as ``inputs``.

    A sample has the features (D,) float16 of one view, in training a random one and in test mode
    view 0, and the label fields of :class:`OpenImages`. A loader with
    ``collate_fn=dict(type='keep_batch')`` gets a whole batch by a few array operations:
    ``inputs`` (B, D) and, as ``data_samples``, a :class:`mmnoisy.label_batch.LabelBatch`, in test
    mode a list of samples.

    Args:
        ann_file: the label index of one subset, relative to ``data_root``.
        features: its feature bank, written by ``tools/extract_features.py``, relative to
            ``data_root``; or several that hold its images together, each possibly more: where
            images moved from T to V, V's is ``['features/validation', 'features/train']``.
        data_root: root of the two paths.
        indices: keep only the first so many images, or these.
        device: hold the features there, a GPU for example, instead of reading them from the disk;
            its loader cannot pin them (``pin_memory=False``) nor have workers.
        test_mode: as in :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        InputError: the index or a bank cannot be opened, or an image is in none of the banks.
    """

    def __init__(
        self,
        ann_file: str,
        features: str | Sequence[str],
        data_root: str = '',
        indices: int | Sequence[int] | None = None,
        device: str | None = None,
        test_mode: bool = False,
    ) -> None:
        self.index = LabelIndex.open(Path(data_root, ann_file).expanduser())
        folders = [features] if isinstance(features, str) else features
        self.banks = [FeatureBank.open(Path(data_root, name).expanduser()) for name in folders]
        usable = self.index.usable
        of_index = self.index.image_ids if usable is None else self.index.image_ids[usable]
        self._place = find_images(self.banks, of_index)
        if (self._place < 0).any():
            raise InputError(
                f'{self.banks[0].folder}: holds the features of '
                f'{counted(len(self.banks[0]), "image")}, which are not the {len(of_index):,} of '
                f'{ann_file}; extract the features of that index, or name all banks that have some '
                'of them'
            )
        # Millions of small numbers: half the memory.
        self._place = self._place.astype(np.min_scalar_type(sum(map(len, self.banks))))
        self.num_views = min(bank.features.shape[1] for bank in self.banks)
        self._on_device = None if device is None else self._features_on(device)
        super().__init__(
            ann_file=ann_file,
            metainfo=self.index.metainfo,
            indices=indices,
            serialize_data=False,
            test_mode=test_mode,
        )

    def image_id(self, idx: int) -> str:
        """The id of an image."""
        return self.index.image_ids[self.index_rows([idx])[0]]

    def index_rows(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """The rows of the label index of images, (B,)."""
        rows = self.data_list[np.asarray(indices)].astype(np.int64)
        return rows if self.index.usable is None else self.index.usable[rows]

    def load_data_list(self) -> np.ndarray:
        """Numbers of the usable images."""
        return np.arange(len(self._place), dtype=np.min_scalar_type(len(self._place)))

    def prepare_data(self, idx: int) -> dict:
        """One sample."""
        batch = self.__getitems__([idx])
        (sample,) = batch['data_samples'] if self.test_mode else _samples(batch['data_samples'])
        return dict(inputs=batch['inputs'][0], data_samples=sample)

    def __getitems__(self, indices: Sequence[int]) -> dict:
        """A batch, see the class."""
        return self.seeded_batch(indices, _random(len(indices)))

    def seeded_batch(self, indices: Sequence[int], seeds: np.ndarray) -> dict:
        """A batch, see the class.

        Args:
            indices: B images.
            seeds: (B,) random unsigned integers, which choose the views.
        """
        rows = self.data_list[np.asarray(indices)].astype(np.int64)
        views = np.zeros(len(rows), np.int64)
        if not self.test_mode:
            views = (seeds % self.num_views).astype(np.int64)
        if self._on_device is None:
            place = self._place[rows].astype(np.int64)
            inputs = torch.from_numpy(take_features(self.banks, place, views))
        else:
            inputs = self._on_device[torch.from_numpy(rows), torch.from_numpy(views)]
        labels = self.index.batch(self.index_rows(indices))
        return dict(inputs=inputs, data_samples=_samples(labels) if self.test_mode else labels)

    def _features_on(self, device: str) -> torch.Tensor:
        """The features (N, K, D) of all images on a device."""
        shape = (len(self._place), self.num_views, self.banks[0].features.shape[-1])
        dtype = torch.from_numpy(np.empty(0, self.banks[0].features.dtype)).dtype
        features = torch.empty(shape, dtype=dtype, device=device)
        for begin in range(0, len(self._place), BLOCK):
            place = self._place[begin : begin + BLOCK].astype(np.int64)
            for view in range(self.num_views):
                block = take_features(self.banks, place, np.full(len(place), view))
                features[begin : begin + BLOCK, view] = torch.from_numpy(block).to(device)
        return features

    def _get_unserialized_subset(self, indices: int | Sequence[int]) -> np.ndarray:
        return np.asarray(super()._get_unserialized_subset(indices))


@DATASETS.register_module()
class ConcatFeatures(ConcatDataset):
    """T and V in one, as MMEngine's class, with whole batches.

    Within a batch the images of the first dataset come first.
    """

    def image_id(self, idx: int) -> str:
        """The id of an image."""
        source, number = self._get_ori_dataset_idx(idx)
        return self.datasets[source].image_id(number)

    def __getitems__(self, indices: Sequence[int]) -> dict:
        """A batch, see :class:`OpenImagesFeatures`."""
        return self.seeded_batch(indices, _random(len(indices)))

    def seeded_batch(self, indices: Sequence[int], seeds: np.ndarray) -> dict:
        """A batch, see :meth:`OpenImagesFeatures.seeded_batch`."""
        rows = np.asarray(indices)
        source = np.searchsorted(self.cumulative_sizes, rows, side='right')
        begin = np.append(0, self.cumulative_sizes)
        parts = [
            self.datasets[k].seeded_batch(rows[source == k] - begin[k], seeds[source == k])
            for k in np.unique(source)
        ]
        return dict(
            inputs=torch.cat([part['inputs'] for part in parts]),
            data_samples=reduce(add, (part['data_samples'] for part in parts)),
        )


@FUNCTIONS.register_module()
def keep_batch(batch: Any) -> Any:
    """The ``collate_fn`` of datasets that hand whole batches (to PyTorch 2.0 and later)."""
    return batch


def _random(size: int) -> np.ndarray:
    return np.random.randint(2**32, size=size, dtype=np.uint64)


def _samples(labels: LabelBatch) -> List[DataSample]:
    return [
        DataSample(**{key: field.numpy() for key, field in fields.items()}) for fields in labels
    ]
