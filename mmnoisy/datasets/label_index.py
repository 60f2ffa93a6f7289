"""The label index: the labels of one set of images in flat, memory-mapped arrays.

A folder of ``.npy`` files and one JSON, opened in milliseconds and shared by all processes of a
machine through the page cache. No MM imports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import numpy as np

from mmnoisy.datasets.csr import Csr, to_csr
from mmnoisy.datasets.frames import from_pandas, to_pandas, to_scipy
from mmnoisy.datasets.index_info import VERSIONS, WHAT, own_info, write_info
from mmnoisy.datasets.pictures.paths import picture_path
from mmnoisy.datasets.release.ids import open_ids
from mmnoisy.datasets.several import joined_index, part_folders
from mmnoisy.errors import InputError
from mmnoisy.io.arrays import open_array, open_texts, read_info, text_arrays
from mmnoisy.io.texts import Texts, concatenate
from mmnoisy.wording import counted

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse as sp

    from mmnoisy.label_batch import LabelBatch


class LabelIndex:
    """Noisy labels and verdicts of one set of images.

    Attributes:
        image_ids: (N,) texts, ascending.
        noisy: :class:`Csr` of the machine labels; values are confidences, float32 in [0, 1].
        verdicts: :class:`Csr` of the verdicts; values are bool, True = verified present.
        info: the JSON beside the arrays: ``classes`` (MIDs), ``class_names``, counts, provenance;
            ``noisy_classes`` where the noisy labels are of other classes than the verdicts.
        usable: (n,) int64, ascending: the rows of the images whose pictures can be read; None
            where nobody has looked.
        paths: (N) texts, the picture of each image below the folder of the pictures; None where a
            template makes them of the ids.
    """

    def __init__(
        self,
        image_ids: Texts,
        noisy: Csr,
        verdicts: Csr,
        info: Dict[str, Any],
        usable: Optional[np.ndarray] = None,
        paths: Optional[Texts] = None,
    ) -> None:
        self.image_ids = image_ids
        self.noisy = noisy
        self.verdicts = verdicts
        self.info = info
        self.usable = usable
        self.paths = paths
        self._opened: Tuple[Any, ...] = ()

    def __repr__(self) -> str:
        present = np.count_nonzero(self.verdicts.value)
        return (
            f'<LabelIndex {self.info.get("subset", "")}: {counted(len(self), "image")}, '
            f'{counted(len(self.classes), "class")}, '
            f'{counted(len(self.noisy.label), "noisy label")}, '
            f'{counted(len(self.verdicts.label), "verdict")} ({present:,} present)>'
        )

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def classes(self) -> List[str]:
        """The MIDs that are predicted and judged; class id k is the k-th of them."""
        return self.info['classes']

    @property
    def noisy_classes(self) -> List[str]:
        """The MIDs of the noisy labels, which are ``classes`` unless vocabularies differ."""
        return self.info.get('noisy_classes', self.classes)

    @property
    def in_classes(self) -> Csr:
        """The noisy labels that are of ``classes``, all or (where vocabularies differ) none."""
        if 'noisy_classes' not in self.info:
            return self.noisy
        start, label, value = self.noisy
        return Csr(np.zeros_like(start), label[:0], value[:0])

    @property
    def metainfo(self) -> Dict[str, Tuple]:
        """The class lists, as the meta information of an MMEngine dataset."""
        keys = ('classes', 'class_names', 'class_categories', 'noisy_classes')
        return {key: tuple(self.info[key]) for key in keys if key in self.info}

    @property
    def template(self) -> str:
        """The path of a picture where neither ``paths`` nor a config has another."""
        return self.info.get('path_template', '{id}.jpg')

    def picture(self, row: int, template: Optional[str] = None) -> str:
        """The path of the picture of an image below the folder of the pictures.

        Args:
            row: of the image.
            template: see :mod:`mmnoisy.datasets.pictures.paths`, in place of that of the index;
                has no say where the index knows the paths.

        Raises:
            InputError: it leads out of the folder.
        """
        if self.paths is not None:
            return picture_path('{id}', self.paths[row], '')
        return picture_path(template or self.template, self.image_ids[row], self.info['subset'])

    def to_scipy(self) -> Tuple[sp.csr_matrix, sp.csr_matrix]:
        """The noisy labels (N, C), by confidence, and the verdicts (N, C), 1 and -1, sparse."""
        sizes = len(self.noisy_classes), len(self.classes)
        return to_scipy(self.noisy, sizes[0]), to_scipy(self.verdicts, sizes[1])

    def to_pandas(self) -> pd.DataFrame:
        """Its labels as a frame, see :func:`mmnoisy.datasets.frames.to_pandas`.

        Raises:
            InputError: noisy labels and verdicts are of different classes.
        """
        self.require_one_vocabulary(Path(self.info.get('subset', '')), 'use to_scipy()')
        return to_pandas(self.image_ids, self.classes, self.noisy, self.verdicts)

    @classmethod
    def from_pandas(cls, frame: pd.DataFrame, subset: str = 'train') -> LabelIndex:
        """The index of a frame, see :func:`mmnoisy.datasets.frames.from_pandas`.

        Raises:
            InputError: the frame cannot be used.
        """
        image_ids, classes, noisy, verdicts = from_pandas(frame)
        return cls(image_ids, noisy, verdicts, own_info(classes, 'a frame', subset))

    def require_one_vocabulary(self, folder: Path, mend: str) -> None:
        """For what compares noisy labels with verdicts.

        Args:
            folder: of the index.
            mend: what to do about it.

        Raises:
            InputError: they are of different classes.
        """
        if 'noisy_classes' in self.info:
            raise InputError(
                f'{folder}: its noisy labels are of {len(self.noisy_classes)} other classes than '
                f'the {len(self.classes)} of its verdicts, so the two cannot be compared; {mend}'
            )

    def batch(self, rows: np.ndarray) -> LabelBatch:
        """The labels of the images in rows (B,)."""
        # With PyTorch, which preparing and counting labels does without.
        from mmnoisy.label_batch import LabelBatch, SparseLabels

        noisy, verdicts = (matrix.take(rows) for matrix in (self.noisy, self.verdicts))
        return LabelBatch(SparseLabels.of(*noisy), SparseLabels.of(*verdicts))

    def select(self, images: np.ndarray) -> LabelIndex:
        """The images for which ``images`` (N,) is true."""
        return LabelIndex(
            self.image_ids[images],
            self.noisy.select(images),
            self.verdicts.select(images),
            self.info,
            paths=None if self.paths is None else self.paths[images],
        )

    def join(self, other: LabelIndex) -> LabelIndex:
        """The images of both, which have none in common; ``info`` is that of the first."""
        ids = concatenate([self.image_ids, other.image_ids])
        image_ids = ids.sorted_once()
        rows = [image_ids.rows(index.image_ids) for index in (self, other)]
        paths = None
        if self.paths is not None and other.paths is not None:
            paths = concatenate([self.paths, other.paths])[ids.rows(image_ids)]

        def joined(a: Csr, b: Csr, classes: List[str]) -> Csr:
            count = np.concatenate([np.diff(a.start), np.diff(b.start)])
            label, value = (np.concatenate(parts) for parts in zip(a[1:], b[1:]))
            shape = (len(image_ids), len(classes))
            return to_csr(np.concatenate(rows), count, label, value, shape, np.maximum)

        return LabelIndex(
            image_ids,
            joined(self.noisy, other.noisy, self.noisy_classes),
            joined(self.verdicts, other.verdicts, self.classes),
            self.info,
            paths=paths,
        )

    def shared_images(self, other: LabelIndex) -> Texts:
        """The ids of the images that are in both."""
        return other.image_ids[self.image_ids.rows(other.image_ids) >= 0]

    def write(self, folder: Path) -> None:
        """Writes the arrays and, last, the JSON into ``folder``, which must not exist yet."""
        folder.mkdir(parents=True)
        arrays = self.arrays()
        for name, array in arrays.items():
            np.save(folder / f'{name}.npy', array, allow_pickle=False)
        write_info(folder, {name: list(array.shape) for name, array in arrays.items()}, self.info)

    @classmethod
    def open(cls, folder: Path) -> LabelIndex:
        """Maps an index into memory; nothing is read before it is used.

        Args:
            folder: of an index, or of several, see :mod:`mmnoisy.datasets.several`.

        Raises:
            InputError: the folder is missing, is no index, or is truncated.
        """
        folder = Path(folder)
        parts = part_folders(folder, 'index.json')
        if parts:
            return joined_index(parts, [cls.open(part) for part in parts])._opened_at(folder)
        mend = 'build it with tools/prepare_openimages.py'
        if (folder / 'index/train/index.json').is_file():  # a project
            mend = f'give one of those in it, such as {folder / "index/train"}'
        info = read_info(folder / 'index.json', WHAT, VERSIONS, mend)
        shapes = info['shapes']
        arrays = _open_arrays(folder, shapes, mend)
        paths = open_texts(folder, 'paths', shapes, mend) if 'paths_start' in shapes else None
        known = (folder / 'usable.npy').exists()
        usable = open_array(folder / 'usable.npy', mend) if known else None
        return cls(*arrays, info, usable, paths)._opened_at(folder)

    def _opened_at(self, folder: Path) -> LabelIndex:
        self._opened = (folder.absolute(), *self._fields())
        return self

    def _fields(self) -> Tuple[Any, ...]:
        arrays = (self.image_ids, self.noisy, self.verdicts)
        return (*arrays, json.dumps(self.info), self.usable, self.paths)

    def __reduce__(self) -> Tuple[Any, ...]:
        # A spawned worker maps the files again instead of receiving a copy of every array.
        if self._opened and all(map(_same, self._opened[1:], self._fields())):
            return LabelIndex.open, (self._opened[0],)
        arrays = (self.image_ids, self.noisy, self.verdicts)
        return LabelIndex, (*arrays, self.info, self.usable, self.paths)

    def texts(self) -> Dict[str, np.ndarray]:
        """The arrays of its ids and paths."""
        paths = {} if self.paths is None else text_arrays('paths', self.paths)
        return {**text_arrays('image_ids', self.image_ids), **paths}

    def arrays(self) -> Dict[str, np.ndarray]:
        """All that is written of it, by name."""
        arrays = self.texts()
        for matrix, csr in (('noisy', self.noisy), ('verdicts', self.verdicts)):
            arrays.update({f'{matrix}_{name}': array for name, array in csr._asdict().items()})
        return arrays


def _same(before: Any, now: Any) -> bool:
    return before is now or (isinstance(now, str) and before == now)


def _open_arrays(folder: Path, shapes: Dict[str, List[int]], mend: str) -> Tuple[Texts, Csr, Csr]:
    def load(name: str) -> np.ndarray:
        return open_array(folder / f'{name}.npy', mend, shapes[name])

    noisy, verdicts = (
        Csr(*(load(f'{matrix}_{field}') for field in Csr._fields))
        for matrix in ('noisy', 'verdicts')
    )
    return open_ids(folder, shapes, mend), noisy, verdicts
