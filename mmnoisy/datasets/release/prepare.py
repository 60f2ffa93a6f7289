"""From the files of a release to its three label indexes: train (T), validation (V) and test."""

from __future__ import annotations

import hashlib
from itertools import combinations
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.index_folder import whole_folder
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.class_files import (
    read_categories,
    read_class_list,
    read_named_classes,
    read_pairs,
)
from mmnoisy.datasets.release.class_map import (
    Pair,
    Vocabulary,
    equal_names,
    read_class_map,
    write_class_map,
)
from mmnoisy.datasets.release.csv_files import count_labels, read_image_ids
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.ids import numbers_of_texts
from mmnoisy.datasets.release.index_builder import (
    build_index,
    completed,
    overlaid,
    read_verdicts,
)
from mmnoisy.datasets.release.layout import KINDS, Release
from mmnoisy.errors import InputError
from mmnoisy.io.texts import concatenate
from mmnoisy.wording import counted

TRAIN_VERDICTS = ('ignore', 'add', 'exclude')


def prepare(
    release: Release,
    out: Path,
    *,
    frequent: Optional[Tuple[int, int]] = None,
    train_verdicts: str = 'ignore',
    extra_human: Optional[ReleaseFile] = None,
    complete_verdicts: bool = False,
    class_map: str = 'names',
) -> Dict[str, LabelIndex]:
    """Builds ``out/{train,validation,test}`` from the files of an Open Images release.

    T, V and test are the release's train, validation and test images. V1 has no test images: a
    quarter of its validation images become V and the others test (section 4.1 of the paper), by
    the release's ``validation_list`` or, without one, by the SHA-256 of the image id. The folder
    ``out`` appears whole or not at all.

    Args:
        release: the files, see :func:`mmnoisy.datasets.release.layout.find_release`.
        out: the folder to write; an older index there is replaced.
        frequent: instead of the class list, take the classes with at least so many machine
            labels in train and in validation, ordered by MID.
        train_verdicts: training images with verdicts stay in T without them (``ignore``, as in
            the paper), move to V (``add``) or belong to no set (``exclude``).
        extra_human: more verdicts, on images of T, which move to V, and of V, where they take the
            place of older ones.
        complete_verdicts: of an image that has any verdict, all classes that are not listed are
            absent.
        class_map: where the verdicts have classes of their own, which noisy label says which
            of them, kept in ``out/correspondence.csv``: those with equal ``names``, ``none``, or
            the pairs of a file.

    Returns:
        The three indexes, by subset.

    Raises:
        InputError: a file is missing or unusable, or an image is in two subsets.
    """
    noisy = _class_list(release, frequent)
    classes = _verdict_classes(release) or noisy
    pairs = None if classes is noisy else _pairs(class_map, noisy, classes)
    info = {
        'classes': classes.mids,
        'class_names': classes.names,
        'class_categories': _class_categories(release.categories, classes.mids),
        'class_list': classes.source,
        **({} if classes is noisy else {'noisy_classes': noisy.mids}),
        **({'complete_verdicts': True} if complete_verdicts else {}),
    }
    indexes = {}
    for subset in SUBSETS:
        kinds = list(KINDS)
        if subset == 'train' and train_verdicts == 'ignore':
            kinds.remove('human')
        files = {
            kind: release.files[kind, subset] for kind in kinds if (kind, subset) in release.files
        }
        if files:
            indexes[subset] = build_index(files, {'subset': subset, **info})
    if 'test' not in indexes:
        indexes.update(_split_validation(indexes['validation'], release.validation_list))
    if train_verdicts != 'ignore':
        indexes.update(_move_rated(indexes['train'], indexes['validation'], train_verdicts))
    if extra_human is not None:
        indexes.update(_add_verdicts(indexes['train'], indexes['validation'], extra_human))
    _check_useful(indexes, release)
    _check_disjoint(indexes)
    with whole_folder(indexes, out) as folder:
        if pairs:
            write_class_map(folder, pairs, noisy, classes)
    return indexes


def _class_list(release: Release, frequent: Optional[Tuple[int, int]]) -> Vocabulary:
    """The classes of the noisy labels, which as a rule are those of the verdicts."""
    if frequent is not None:
        counts = [count_labels(release.files['machine', name]) for name in ('train', 'validation')]
        mids = sorted(m for m in counts[0] if all(c[m] >= n for c, n in zip(counts, frequent)))
        if not mids:
            raise InputError(
                f'--frequent {frequent[0]} {frequent[1]}: no class has so many labels; lower them'
            )
        source = f'at least {frequent[0]} labels in train and {frequent[1]} in validation'
    elif release.classes is not None:
        mids, source = read_class_list(release.classes), str(release.classes)
    else:
        raise InputError(
            f'{release.root}: there is no class list; name one with --classes, or take the '
            'frequent classes with --frequent'
        )
    return Vocabulary(mids, _class_names(release.descriptions, mids), source)


def _verdict_classes(release: Release) -> Optional[Vocabulary]:
    if release.verdict_classes is None:
        return None
    return Vocabulary(*read_named_classes(release.verdict_classes), str(release.verdict_classes))


def _pairs(class_map: str, noisy: Vocabulary, classes: Vocabulary) -> List[Pair]:
    if class_map == 'none':
        return []
    if class_map == 'names':
        return equal_names(noisy, classes)
    return read_class_map(ReleaseFile.parse(class_map), noisy, classes)


def _class_names(file: Optional[ReleaseFile], classes: Sequence[str]) -> List[str]:
    names = dict(read_pairs(file)) if file else {}
    return [names.get(mid, mid) for mid in classes]


def _class_categories(file: Optional[ReleaseFile], classes: Sequence[str]) -> List[List[str]]:
    if file is None:
        return []
    categories, _ = read_categories(file, classes)
    return [names or ['others'] for names in categories]


def _split_validation(
    index: LabelIndex, validation_list: Optional[ReleaseFile]
) -> Dict[str, LabelIndex]:
    """A quarter of the verified images as V, the others as test set."""
    if validation_list is not None:
        listed, _ = read_image_ids(validation_list, 'validation')
        verified = np.isin(numbers_of_texts(index.image_ids), listed)
        rule = str(validation_list)
    else:
        digests = (hashlib.sha256(image_id.encode()) for image_id in index.image_ids)
        verified = np.array([digest.digest()[0] < 64 for digest in digests], bool)
        rule = 'SHA-256 of the image id below 0x40...'
    parts = {'validation': index.select(verified), 'test': index.select(~verified)}
    for name, part in parts.items():
        part.info = {**index.info, 'subset': name, 'split': rule}
    return parts


def _move_rated(
    train: LabelIndex, validation: LabelIndex, train_verdicts: str
) -> Dict[str, LabelIndex]:
    """Takes the images with verdicts out of T and, if they are to be added, into V."""
    rated = np.diff(train.verdicts.start) > 0
    indexes = {'train': train.select(~rated)}
    if train_verdicts == 'add':
        indexes['validation'] = validation.join(train.select(rated))
        indexes['validation'].info['files'] = validation.info['files'] + train.info['files']
    return indexes


def _add_verdicts(
    train: LabelIndex, validation: LabelIndex, file: ReleaseFile
) -> Dict[str, LabelIndex]:
    """T and V with further verdicts; the images of T that have any belong to V from now on."""
    image_ids = concatenate([train.image_ids, validation.image_ids]).sorted_once()
    extra, entry = read_verdicts(file, image_ids, validation.classes)
    if not len(extra.label):
        raise InputError(
            f'{file}: none of its {counted(entry["rows"], "verdict")} is on an image of train or '
            'validation; give the file of a review queue of these images'
        )
    rated = image_ids[np.diff(extra.start) > 0].rows(train.image_ids) >= 0
    joined = validation.join(train.select(rated))
    extra = extra.select(joined.image_ids.rows(image_ids) >= 0)
    shape = (len(joined), len(joined.classes))
    joined.verdicts = overlaid(joined.verdicts, extra, shape)
    if joined.info.get('complete_verdicts'):
        joined.verdicts = completed(joined.verdicts, len(joined.classes))
    joined.info = {**validation.info, 'files': [*validation.info['files'], entry]}
    return {'train': train.select(~rated), 'validation': joined}


def _check_useful(indexes: Mapping[str, LabelIndex], release: Release) -> None:
    """T has noisy labels, V and test have positives, whatever was left out before."""
    if not len(indexes['train'].noisy.label):
        raise InputError(
            f'{release.files["machine", "train"]}: no machine label is left on an image of train; '
            'give files with more images, or move fewer of them to V'
        )
    for subset in ('validation', 'test'):
        if not indexes[subset].verdicts.value.any():
            file = release.files.get(('human', subset), release.files['human', 'validation'])
            raise InputError(
                f'{file}: no image of {subset} has a label verified present; '
                'give the complete file of verdicts of this subset'
            )


def _check_disjoint(indexes: Mapping[str, LabelIndex]) -> None:
    for one, other in combinations(indexes, 2):
        both = indexes[one].shared_images(indexes[other])
        if len(both):
            raise InputError(
                f'{one} and {other}: both have {counted(len(both), "image")}, the first is '
                f'{both[0]}; remove them from the files of one of the two'
            )
