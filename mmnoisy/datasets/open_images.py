"""Open Images as an MMPretrain dataset."""

from __future__ import annotations

import logging
import os.path as osp
from functools import reduce
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import torch
from mmengine import fileio
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.pictures.loading import UnreadablePictureError, apply_transform
from mmnoisy.datasets.pictures.paths import check_template
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
    Pictures that ``tools/prepare_openimages.py --check-images`` found missing or unreadable are no
    samples. Where one cannot be loaded later, the next sample stands in for it, in test mode
    without its verdicts, so that it counts for no score. Errors of other transforms are errors.

    Args:
        ann_file: the label index of one subset, relative to ``data_root``.
        data_root: root of the two other paths.
        data_prefix: the folder of the pictures, relative to ``data_root``.
        pipeline: transforms, ending in ``PackInputs(algorithm_keys=OpenImages.LABEL_KEYS)``.
        indices: keep only the first so many images, or these.
        test_mode: as in :class:`mmpretrain.datasets.BaseDataset`.
        path_template: path of a picture below ``data_prefix``, such as ``{id:.3}/{id}.jpg``; of
            several the first under which there is a file; None: as the index says.
        max_unreadable: end the run when more pictures than this turn out to be unreadable.

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
        path_template: str | Sequence[str] | None = None,
        max_unreadable: int = 100,
        **kwargs: Any,
    ) -> None:
        self.max_unreadable = max_unreadable
        # Shared by the workers of a loader; not atomic, so two at once may count as one.
        self._num_unreadable = torch.zeros((), dtype=torch.int64).share_memory_()
        self.index = self.open_index(data_root, ann_file)
        templates = path_template or self.index.template
        self.templates = [templates] if isinstance(templates, str) else [*templates]
        for template in self.templates:
            check_template(template)
        super().__init__(
            ann_file=ann_file,
            metainfo=self.index.metainfo,
            data_root=osp.expanduser(data_root),
            data_prefix=data_prefix,
            pipeline=pipeline,
            indices=indices,
            serialize_data=False,
            test_mode=test_mode,
            **kwargs,
        )
        if not len(self):
            raise InputError(
                f'{ann_file}: no picture of the index can be read; '
                'check their folder and prepare the index again'
            )
        if '://' not in self.img_prefix and not osp.isfile(self._img_path(0)):
            raise InputError(
                f'{self._img_path(0)}: the first picture of the index {ann_file} is missing; '
                'set data_root and data_prefix to the folder of the pictures'
            )

    @classmethod
    def open_index(cls, data_root: str, ann_file: str) -> LabelIndex:
        """The label index of a set, see the class.

        Raises:
            InputError: it cannot be opened.
        """
        return LabelIndex.open(Path(data_root, ann_file).expanduser())

    def image_id(self, idx: int) -> str:
        """The id of an image."""
        return self.index.image_ids[self.data_list[idx]]

    def index_rows(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """The rows of the label index of images, (B,)."""
        return np.array([self.data_list[idx] for idx in indices], np.int64)  # a range, maybe

    def load_data_list(self) -> range | np.ndarray:
        """Row numbers of the index; ``data_list`` costs no memory."""
        return range(len(self.index)) if self.index.usable is None else self.index.usable

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
            InputError: more than ``max_unreadable`` pictures could not be read.
        """
        info = self.get_data_info(idx)
        while True:
            try:
                return reduce(_applied, self.pipeline.transforms, info)
            except UnreadablePictureError as error:
                self._count_unreadable(error)
            idx = (idx + 1) % len(self)
            info = self.get_data_info(idx)
            if self.test_mode:
                info.update(verified_pos=_NO_CLASS, verified_neg=_NO_CLASS)

    def _count_unreadable(self, error: Exception) -> None:
        self._num_unreadable += 1
        number = int(self._num_unreadable)
        if number > self.max_unreadable:
            others = f', nor can {number - 1} others' if number > 1 else ''
            raise InputError(
                f'{error}{others}; let tools/prepare_openimages.py '
                '--check-images find them all, or raise max_unreadable'
            ) from error
        print_log(f'{error}; the next one stands in, time {number}', 'current', logging.WARNING)

    def _img_path(self, idx: int) -> str:
        row = self.data_list[idx]
        paths = [osp.join(self.img_prefix, self.index.picture(row, t)) for t in self.templates]
        return next((path for path in paths[:-1] if fileio.exists(path)), paths[-1])


def _applied(results: Any, transform: Any) -> Any:
    """The results of a pipeline so far, through its next transform; None has left it."""
    return None if results is None else apply_transform(transform, results)


_NO_CLASS = np.zeros(0, np.int64)
