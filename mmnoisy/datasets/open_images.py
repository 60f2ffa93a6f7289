"""Open Images as an MMPretrain dataset."""

from __future__ import annotations

import os.path as osp
from pathlib import Path
from typing import Any, Sequence

from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError


@DATASETS.register_module()
class OpenImages(BaseDataset):
    """Pictures with noisy labels and, for some of them, verdicts.

    .. code-block:: none

        data_root
        ├── index                   made by tools/prepare_openimages.py
        │   ├── train               T: noisy labels
        │   ├── validation          V: noisy labels and verdicts
        │   └── test                held out
        ├── train
        │   ├── 000060e3121c7305.jpg
        │   └── ...
        ├── validation
        └── test

    A sample has ``img_path`` and four sparse fields, all NumPy arrays of class ids or of values;
    a class in none of them is unlabelled, a class in no verdict field is unverified:

    - ``noisy_label`` (k,): ids of the machine labels (y in the paper); ``noisy_score`` (k,):
      their confidences, float32 in [0, 1].
    - ``verified_pos`` (p,), ``verified_neg`` (n,): ids verified present and absent (v).

    The labels stay in memory-mapped files, shared by all processes; nothing is read at start-up.

    Args:
        ann_file: the label index of one subset, relative to ``data_root``.
        data_root: root of the two other paths.
        data_prefix: the folder of the pictures ``<ImageID>.jpg``, relative to ``data_root``.
        pipeline: transforms, ending in ``PackInputs(algorithm_keys=OpenImages.LABEL_KEYS)``.
        indices: keep only the first so many images, or these.
        test_mode: as in :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        InputError: the index cannot be opened, or its first picture is missing.
    """

    LABEL_KEYS = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: str | dict = '',
        pipeline: Sequence = (),
        indices: int | Sequence[int] | None = None,
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        self.index = LabelIndex.open(Path(data_root, ann_file).expanduser())
        metainfo = {
            key: tuple(self.index.info[key])
            for key in ('classes', 'class_names', 'class_categories')
        }
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=osp.expanduser(data_root),
            data_prefix=data_prefix,
            pipeline=pipeline,
            indices=indices,
            serialize_data=False,
            test_mode=test_mode,
            **kwargs,
        )
        if len(self) and not osp.isfile(self._img_path(0)):
            raise InputError(
                f'{self._img_path(0)}: the first picture of the index {ann_file} is missing; '
                'set data_root and data_prefix to the folder of the pictures'
            )

    def load_data_list(self) -> range:
        """Row numbers of the index; ``data_list`` costs no memory."""
        return range(len(self.index))

    def get_data_info(self, idx: int) -> dict:
        """The annotation of one image, see the class."""
        noisy_label, noisy_score = self.index.noisy.row(self.data_list[idx])
        verified, present = self.index.verdicts.row(self.data_list[idx])
        return dict(
            img_path=self._img_path(idx),
            sample_idx=idx,
            noisy_label=noisy_label,
            noisy_score=noisy_score,
            verified_pos=verified[present],
            verified_neg=verified[~present],
        )

    def prepare_data(self, idx: int) -> Any:
        """One sample, through the pipeline.

        Raises:
            InputError: its picture is missing or is none.
        """
        try:
            return super().prepare_data(idx)
        except (OSError, AssertionError) as error:
            raise InputError(
                f'{self._img_path(idx)}: cannot be read as a picture ({error}); restore it, or '
                'leave it out of the image list and prepare the index again'
            ) from error

    def _img_path(self, idx: int) -> str:
        image_id = int(self.index.image_ids[self.data_list[idx]])
        return osp.join(self.img_prefix, f'{image_id:016x}.jpg')
