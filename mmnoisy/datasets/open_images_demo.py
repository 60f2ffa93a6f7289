"""The embedded demo: handwritten digits as a small release in the Open Images format."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import cv2
import mmengine.dist as dist
import numpy as np
from mmpretrain.registry import DATASETS

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.open_images import OpenImages
from mmnoisy.datasets.release.csv_blocks import LABEL_COLUMNS
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import write_csv
from mmnoisy.io.lock import lock

# (name, category): the digits that carry the label
CONCEPTS = {
    **{(str(digit), 'digit'): {digit} for digit in range(10)},
    ('even', 'number'): {0, 2, 4, 6, 8},
    ('odd', 'number'): {1, 3, 5, 7, 9},
    ('prime', 'number'): {2, 3, 5, 7},
    ('square', 'number'): {0, 1, 4, 9},
    ('multiple of three', 'number'): {0, 3, 6, 9},
    ('small', 'number'): {0, 1, 2, 3, 4},
    ('large', 'number'): {5, 6, 7, 8, 9},
    ('loop', 'shape'): {0, 6, 8, 9},
    ('angle', 'shape'): {1, 4, 7},
}
MIDS = [f'/m/{name.replace(" ", "_")}' for name, _ in CONCEPTS]

# subset: (number of scans, number of pictures); the annotator learns from scans of its own
SUBSETS = {'train': (900, 4000), 'validation': (200, 400), 'test': (600, 1000)}
ANNOTATOR_SCANS = 5  # of each digit

CELL = 16  # pixels; a picture is 2 x 2 cells
_PATIENCE = 600  # seconds for another run to make the demo


@DATASETS.register_module()
class OpenImagesDemo(OpenImages):
    """Pictures of one to three handwritten digits, made on first use.

    Real scans (the 1,797 digits of scikit-learn) in pictures of 32 x 32 pixels, with 19 labels:
    the digits and concepts such as even or prime. Noisy labels come from a classifier that is
    weak on purpose, verdicts on them from the truth. Everything is written as JPEGs and CSVs in
    the Open Images format, so that the demo runs the code that real data runs.

    Args:
        data_root: folder of the demo; made if it does not exist.
        **kwargs: of :class:`OpenImages`.
    """

    @classmethod
    def open_index(cls, data_root: str, ann_file: str) -> LabelIndex:
        """As in :class:`OpenImages`, of a demo that is made first where there is none."""
        root = Path(data_root)
        if dist.is_main_process() and not (root / 'index').exists():
            with lock(root, patience=_PATIENCE):
                if not (root / 'index').exists():  # else another run has just made it
                    make_demo(root)
        dist.barrier()
        return super().open_index(data_root, ann_file)


@dataclass
class Picture:
    """One picture: its pixels, what is there, and what the annotator believes.

    Attributes:
        pixels: (2 * CELL, 2 * CELL) uint8.
        truth: (C,) bool.
        confidence: (C,) float, the annotator's.
    """

    pixels: np.ndarray
    truth: np.ndarray
    confidence: np.ndarray


def make_demo(root: Path, seed: int = 0) -> None:
    """Makes the demo release and its label indexes; ``root`` appears whole or not at all.

    Raises:
        InputError: scikit-learn is missing, or ``root`` holds something else.
    """
    if root.exists():
        raise InputError(f'{root}: holds something else than the demo; move it away')
    rng = np.random.default_rng(seed)
    images, digits = _load_scans()
    order = rng.permutation(len(digits))
    known = [order[digits[order] == digit][:ANNOTATOR_SCANS] for digit in range(10)]
    belief = _weak_annotator(images, digits, np.concatenate(known))
    order = order[~np.isin(order, known)]
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{root.name}-', dir=root.parent) as name:
        made = Path(name) / 'made'
        for subset, (num_scans, num_pictures) in SUBSETS.items():
            scans, order = order[:num_scans], order[num_scans:]
            pictures = _compose(rng, num_pictures, images[scans], digits[scans], belief[scans])
            _write_subset(made, subset, _image_ids(rng, num_pictures), pictures)
        (made / 'annotations' / 'classes.txt').write_text('\n'.join(MIDS) + '\n')
        for file, column in (('class-descriptions.csv', 0), ('categories.csv', 1)):
            rows = [(mid, concept[column]) for mid, concept in zip(MIDS, CONCEPTS)]
            write_csv(made / 'annotations' / file, rows[0], rows[1:])
        prepare(find_release(made), made / 'index')
        made.rename(root)


def _load_scans() -> Tuple[np.ndarray, np.ndarray]:
    """Scans (1797, 8, 8) in [0, 1] and their digits (1797,)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise InputError(
            "the demo needs scikit-learn's digits: pip install scikit-learn"
        ) from error
    data = load_digits()
    return data.images / 16, data.target


def _weak_annotator(images: np.ndarray, digits: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Probabilities (S, 10) of an overconfident classifier that saw few scans, at 2 x 2 pixels."""
    from sklearn.linear_model import LogisticRegression

    coarse = images.reshape(-1, 2, 4, 2, 4).mean((2, 4)).reshape(len(images), -1)
    annotator = LogisticRegression(C=1e4, max_iter=2000).fit(coarse[known], digits[known])
    return annotator.predict_proba(coarse)


def _compose(
    rng: np.random.Generator,
    num_pictures: int,
    images: np.ndarray,
    digits: np.ndarray,
    belief: np.ndarray,
) -> Iterator[Picture]:
    """Puts one to three scans into the cells of each picture."""
    members = np.array([[digit in concept for digit in range(10)] for concept in CONCEPTS.values()])
    for _ in range(num_pictures):
        chosen = rng.choice(len(digits), rng.integers(1, 4), replace=False)
        pixels = np.zeros((2, 2, CELL, CELL))
        for cell, scan in zip(rng.permutation(4), chosen):
            pixels[cell // 2, cell % 2] = cv2.resize(images[scan], (CELL, CELL))
        pixels = pixels.transpose(0, 2, 1, 3).reshape(2 * CELL, 2 * CELL)
        yield Picture(
            (pixels.clip(0, 1) * 255).astype(np.uint8),
            truth=np.logical_or.reduce(members[:, digits[chosen]], axis=1),
            confidence=(members @ belief[chosen].T).max(1),
        )


def _image_ids(rng: np.random.Generator, count: int) -> List[str]:
    return [f'{number:016x}' for number in rng.integers(2**64, size=count, dtype=np.uint64)]


def _write_subset(
    root: Path, subset: str, image_ids: List[str], pictures: Iterator[Picture]
) -> None:
    """Writes the pictures, the machine labels and, but for train, the verdicts on them."""
    (root / subset).mkdir(parents=True)
    rows: Dict[str, List[tuple]] = {'machine': [], 'human': []}
    for image_id, picture in zip(image_ids, pictures):
        cv2.imwrite(str(root / subset / f'{image_id}.jpg'), picture.pixels)
        for k in np.flatnonzero(picture.confidence >= 0.5):
            confidence = round(float(picture.confidence[k]), 1)
            rows['machine'].append((image_id, 'machine', MIDS[k], confidence))
            rows['human'].append((image_id, 'verification', MIDS[k], int(picture.truth[k])))
    annotations = root / 'annotations'
    annotations.mkdir(exist_ok=True)
    write_csv(annotations / f'{subset}-images.csv', ('ImageID',), zip(image_ids))
    for kind in ('machine', 'human') if subset != 'train' else ('machine',):
        path = annotations / f'{subset}-annotations-{kind}-imagelabels.csv'
        write_csv(path, LABEL_COLUMNS, rows[kind])
