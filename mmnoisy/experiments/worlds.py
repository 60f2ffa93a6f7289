"""Worlds: small data sets cut from a given one by a recipe and a seed, to judge rules on.

A rule that was tuned on one data set is believed where it holds in the worst of many: few classes
or many, little of T or of V, hidden confidences, verdicts on what the machine has listed only, a V
with another mix of classes than T. T is cut from T, V from V and test from test; test loses
classes, never images that have a verdict in those that stay.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Tuple

import numpy as np

from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.csr import Csr
from mmnoisy.datasets.feature_bank import FeatureBank, find_images
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError
from mmnoisy.experiments.indexes import checksum, readable
from mmnoisy.io.atomic import atomic_path, folder_made_of

UPPER, FREQUENT, ANY = 'upper', 'frequent', 'any'
_ALWAYS = 0.99
"""Share of the images of a class that have another one too, from which on that is above it."""
_BLOCK = 4096


class World(NamedTuple):
    """A recipe.

    Attributes:
        data: the name of the data set to cut from.
        classes: how many; 0 for all.
        which: those above most others in the labels of T (``UPPER``), the most frequent ones
            (``FREQUENT``), or any (``ANY``), drawn.
        train: images of T, of those with a label; 0 for all.
        verified: images of V, of those with a verdict; 0 for all.
        confidences: those of the noisy labels are kept; otherwise each is 1.
        least: the machine lists labels of at least this confidence.
        complete: V has all verdicts; otherwise those on noisy labels only.
        mix: the deviation of the logarithm of a class's weight in drawing V; 0: drawn as T is.
        seed: of all that is drawn.
    """

    data: str
    classes: int = 0
    which: str = FREQUENT
    train: int = 0
    verified: int = 0
    confidences: bool = True
    least: float = 0.0
    complete: bool = True
    mix: float = 0.0
    seed: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is cut."""
        return self == World(self.data, which=self.which, seed=self.seed)


WORLDS: Dict[str, World] = {
    'tiny': World('tiny'),
    'mosaics': World('mosaics'),
    'mosaics-200': World('mosaics', verified=200),
    'upper-20': World('tiny', 20, UPPER, 5000, 500),
    'upper-30-hidden': World('tiny', 30, UPPER, 2000, 200, confidences=False),
    'upper-40-few': World('tiny', 40, UPPER, 5000, 50),
    'upper-60-mix': World('tiny', 60, UPPER, 1000, 200, mix=1.5),
    'frequent-25-little': World('tiny', 25, FREQUENT, 500, 500),
    'frequent-40-hidden': World('tiny', 40, FREQUENT, 3000, 300, confidences=False),
    'frequent-60-few': World('tiny', 60, FREQUENT, 500, 100),
    'any-30': World('tiny', 30, ANY, 1000, 200, seed=1),
    'any-60-mix-hidden': World('tiny', 60, ANY, 4000, 400, confidences=False, mix=1.5, seed=2),
    'sure-60': World('tiny', 60, ANY, 2000, 300, least=1.0, seed=3),
    'sure-60-proposals': World('tiny', 60, ANY, 2000, 300, least=1.0, complete=False, seed=3),
    'mosaics-little': World('mosaics', train=1000, verified=100, seed=4),
}
"""By name; the first three are, but for the size of V, whole data sets."""


def cut(world: World, indexes: Mapping[str, LabelIndex]) -> Dict[str, LabelIndex]:
    """The label indexes of a world.

    Args:
        world: its recipe.
        indexes: of the data set, by subset, of one vocabulary and of images with features.

    Raises:
        InputError: the data set has too few classes or images for it.
    """
    given = {
        subset: with_labels(index, world.least, world.confidences)
        for subset, index in indexes.items()
    }
    rng = np.random.default_rng(world.seed)
    classes = choose_classes(given['train'], world.classes, world.which, rng)
    given = {subset: of_classes(index, classes) for subset, index in given.items()}
    if not world.complete:
        given['validation'] = on_proposals(given['validation'])
    of_class = np.exp(world.mix * rng.normal(size=len(classes)))
    train, validation, test = (given[subset] for subset in SUBSETS)
    # All images where nothing is cut: those without a label in these classes say that, too.
    if world.train or world.classes:
        some = np.diff(train.noisy.start) > 0
        train = train.select(drawn(some.astype(float), world.train, 'T', rng))
    if world.verified or world.classes:
        weight = image_weights(validation.verdicts, of_class)
        validation = validation.select(drawn(weight, world.verified, 'V', rng))
    if world.classes:
        test = test.select(np.diff(test.verdicts.start) > 0)
    return dict(zip(SUBSETS, (train, validation, test)))


def with_labels(index: LabelIndex, least: float, confidences: bool) -> LabelIndex:
    """The index of a machine that lists labels from a confidence on, and may hide confidences."""
    noisy = _some(index.noisy, index.noisy.value >= np.float32(least))
    if not confidences:
        noisy = noisy._replace(value=np.ones_like(noisy.value))
    return LabelIndex(index.image_ids, noisy, index.verdicts, index.info, paths=index.paths)


def of_classes(index: LabelIndex, classes: np.ndarray) -> LabelIndex:
    """The index with some of its classes, (c,) ascending; the images stay."""
    place = np.full(len(index.classes), -1)
    place[classes] = np.arange(len(classes))

    def renumbered(csr: Csr) -> Csr:
        some = _some(csr, place[csr.label] >= 0)
        return some._replace(label=place[some.label].astype(csr.label.dtype))

    info = dict(index.info)
    for key in ('classes', 'class_names', 'class_categories'):
        info[key] = [info[key][k] for k in classes] if info.get(key) else []
    noisy, verdicts = renumbered(index.noisy), renumbered(index.verdicts)
    return LabelIndex(index.image_ids, noisy, verdicts, info, paths=index.paths)


def on_proposals(index: LabelIndex) -> LabelIndex:
    """The index with the verdicts on its noisy labels only."""
    cells = [_cells(csr, len(index.classes)) for csr in (index.noisy, index.verdicts)]
    verdicts = _some(index.verdicts, np.isin(cells[1], cells[0], assume_unique=True))
    return LabelIndex(index.image_ids, index.noisy, verdicts, index.info, paths=index.paths)


def choose_classes(
    train: LabelIndex, number: int, which: str, rng: np.random.Generator
) -> np.ndarray:
    """Class ids (number,), ascending.

    Args:
        train: T.
        number: how many; 0 for all.
        which: see :class:`World`; where no class is above another, upper ones are the frequent.
        rng: draws any.

    Raises:
        InputError: there are fewer.
    """
    count = np.bincount(train.noisy.label, minlength=len(train.classes))
    if not number:
        return np.arange(len(count))
    listed = np.flatnonzero(count)
    if number > len(listed):
        raise InputError(
            f'a world of {number} classes: T lists {len(listed)} classes; cut from more, or fewer'
        )
    if which == ANY:
        return np.sort(rng.choice(listed, number, replace=False))
    below = num_below(train) if which == UPPER else np.zeros_like(count)
    return np.sort(np.lexsort((-count, -below))[:number])


def num_below(train: LabelIndex) -> np.ndarray:
    """How many classes each is above, (C,): whose images have it too, and who are fewer."""
    listed = train.to_scipy()[0]
    listed.data = np.ones(len(listed.data), np.int64)
    both = (listed.T @ listed).tocoo()
    count = np.bincount(train.noisy.label, minlength=listed.shape[1])
    lower, upper = both.row, both.col
    above = (both.data >= _ALWAYS * count[lower]) & (count[upper] > count[lower])
    return np.bincount(upper[above], minlength=len(count))


def image_weights(verdicts: Csr, of_class: np.ndarray) -> np.ndarray:
    """The weight of each image (N,), the mean of its rated classes'; 0 without one."""
    number = np.diff(verdicts.start)
    image = np.repeat(np.arange(len(number)), number)
    total = np.bincount(image, of_class[verdicts.label], len(number))
    return total / np.maximum(number, 1)


def drawn(weight: np.ndarray, number: int, what: str, rng: np.random.Generator) -> np.ndarray:
    """Draws images without replacement, (N,) bool.

    Args:
        weight: (N,) an image of weight 0 is never drawn.
        number: how many; 0 for all that can be.
        what: the set, for the message.
        rng: draws them.

    Raises:
        InputError: there are fewer.
    """
    possible = int(np.count_nonzero(weight))
    if number > possible:
        raise InputError(
            f'a world of {number:,} images in {what}: the data set has {possible:,} with a label '
            'or verdict in these classes; cut from a larger one'
        )
    if not number:
        return weight > 0
    found = np.zeros(len(weight), bool)
    found[rng.choice(len(weight), number, replace=False, p=weight / weight.sum())] = True
    return found


def make_world(world: World, index: Path, features: Path, out: Path) -> Tuple[Path, Path]:
    """Cuts a world, or finds it where it was cut before.

    Args:
        world: its recipe.
        index: folder of the label indexes of the data set.
        features: folder of their banks.
        out: the folder of the world, emptied where another is in it.

    Returns:
        The folders of its label indexes and of its banks; those given where nothing is cut.

    Raises:
        InputError: the data set cannot be used, or is too small for it.
    """
    if world.whole:
        return index, features
    indexes = {subset: readable(LabelIndex.open(index / subset)) for subset in SUBSETS}
    for subset, one in indexes.items():
        one.require_one_vocabulary(index / subset, 'cut worlds from one vocabulary')
    banks = {subset: FeatureBank.open(features / subset) for subset in SUBSETS}
    made_of: Dict[str, Any] = dict(
        world=world._asdict(),
        labels=f'{checksum(*indexes.values()):08x}',
        features={subset: bank.provenance for subset, bank in banks.items()},
    )
    folder = folder_made_of(out, made_of)
    if not (folder / 'index').is_dir():
        parts = cut(world, indexes)
        for subset, part in parts.items():
            write_bank(banks[subset], part, folder / 'features' / subset)
        with atomic_path(folder / 'index') as unfinished:
            for subset, part in parts.items():
                part.write(unfinished / subset)
    return folder / 'index', folder / 'features'


def write_bank(bank: FeatureBank, index: LabelIndex, folder: Path) -> None:
    """Copies the features of the images of an index into a bank of their own.

    Raises:
        InputError: the bank lacks one, or the new one cannot be written.
    """
    place = find_images([bank], index.image_ids)
    if (place < 0).any():
        missing = index.image_ids[int(np.argmax(place < 0))]
        raise InputError(
            f'{bank.folder}: lacks image {missing}; extract the features of that index'
        )
    _, views, dim = bank.features.shape
    new = FeatureBank.create(folder, index.image_ids, views, dim, bank.provenance)
    for begin in range(0, len(place), _BLOCK):
        rows = np.arange(begin, min(begin + _BLOCK, len(place)))
        new.write(rows, bank.features[place[rows]])


def _some(csr: Csr, kept: np.ndarray) -> Csr:
    """Some of the labels, (nnz,) bool."""
    start = np.append(0, np.cumsum(kept))[csr.start]
    return Csr(start.astype(np.int64), csr.label[kept], csr.value[kept])


def _cells(csr: Csr, num_classes: int) -> np.ndarray:
    """A number for each image and class that has a label, (nnz,)."""
    image = np.repeat(np.arange(len(csr.start) - 1), np.diff(csr.start))
    return image * num_classes + csr.label
