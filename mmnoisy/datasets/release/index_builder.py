"""Builds one label index from label files, and accounts for every row of them."""

from __future__ import annotations

from typing import Dict, Iterator, Mapping, Sequence, Tuple

import numpy as np

from mmnoisy.datasets.csr import Csr, class_type, to_csr
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.csv_blocks import UNLISTED
from mmnoisy.datasets.release.csv_files import (
    TWICE,
    LabelRows,
    read_image_ids,
    read_labels,
    sorted_once,
)
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.ids import numbers_of_texts, texts_of_numbers
from mmnoisy.errors import InputError
from mmnoisy.io.texts import Texts
from mmnoisy.wording import counted

LABEL_KINDS = ('machine', 'human')


def build_index(files: Mapping[str, ReleaseFile], info: Dict) -> LabelIndex:
    """Reads one subset.

    The images are those of the image list, or, where there is none, those that the label files
    name. A machine label given twice keeps its higher confidence. Of several verdicts on a pair,
    verification outweighs volunteers and the majority counts; a tie counts as present. Complete
    verdicts get those that they leave out, see :func:`completed`.

    Args:
        files: by kind: ``machine``, ``human`` and ``images``, the last two optional.
        info: the JSON of the index: ``classes``, ``subset``, ``noisy_classes`` if these are others,
            ``complete_verdicts`` and whatever else.

    Raises:
        InputError: a file cannot be used.
    """
    classes = {
        'machine': info.get('noisy_classes', info['classes']),
        'human': info['classes'],
    }
    labels = {
        kind: read_labels(files[kind], classes[kind], kind) for kind in LABEL_KINDS if kind in files
    }
    accounts = []
    if 'images' in files:
        image_ids, account = read_image_ids(files['images'], info['subset'])
        accounts.append(account.entry(str(files['images']), len(image_ids)))
    else:
        image_ids = sorted_once(np.concatenate([rows.image_id for rows in labels.values()]))
    empty = np.zeros(len(image_ids) + 1, np.int64)
    matrices = {
        'machine': Csr(empty, np.zeros(0, np.uint16), np.zeros(0, np.float32)),
        'human': Csr(empty, np.zeros(0, np.uint16), np.zeros(0, bool)),
    }
    for kind in list(labels):
        rows = labels.pop(kind)
        matrices[kind], entry = _matrix(files[kind], rows, image_ids, len(classes[kind]), kind)
        accounts.append(entry)
        if not entry['kept']:
            raise InputError(
                f'{files[kind]}: none of its {counted(entry["rows"], "row")} is of one of the '
                f'{counted(len(image_ids), "image")} of {files["images"]}; give files of the same '
                'subset'
            )
    if info.get('complete_verdicts'):
        for entry in accounts:
            entry['complete'] = True
        matrices['human'] = completed(matrices['human'], len(classes['human']))
    return LabelIndex(
        texts_of_numbers(image_ids),
        matrices['machine'],
        matrices['human'],
        {**info, 'files': accounts},
    )


def read_verdicts(file: ReleaseFile, image_ids: Texts, classes: Sequence[str]) -> Tuple[Csr, Dict]:
    """The verdicts of one file on some images.

    Args:
        file: of verdicts.
        image_ids: (N) texts, ascending.
        classes: MIDs.

    Returns:
        The verdicts, a row for each image, and the account of the rows of the file.

    Raises:
        InputError: the file cannot be used.
    """
    rows, numbers = read_labels(file, classes, 'human'), numbers_of_texts(image_ids)
    return _matrix(file, rows, numbers, len(classes), 'human')


def overlaid(old: Csr, new: Csr, shape: Tuple[int, int]) -> Csr:
    """Verdicts of both, the new one where there are two on a pair.

    Args:
        old: verdicts on N images.
        new: further verdicts on the same images.
        shape: N and the number of classes.
    """
    rows = np.tile(np.arange(shape[0]), 2)
    count = np.concatenate([np.diff(old.start), np.diff(new.start)])
    label = np.concatenate([old.label, new.label])
    weight = np.concatenate([np.where(old.value, 1, -1), np.where(new.value, 2, -2)])
    both = to_csr(rows, count, label, weight, shape, np.add)
    return both._replace(value=both.value > 0)


def completed(verdicts: Csr, num_classes: int) -> Csr:
    """Complete verdicts: of an image that has any, every other class is absent.

    Absences become verdicts like all others, three bytes each, so that nothing that reads an index
    needs to know.

    Args:
        verdicts: on N images, (N x C).
        num_classes: C.
    """
    rated = np.diff(verdicts.start) > 0
    present = np.zeros((int(rated.sum()), num_classes), bool)
    row = np.repeat(np.cumsum(rated) - 1, np.diff(verdicts.start))
    present[row, verdicts.label] = verdicts.value
    label = np.tile(np.arange(num_classes, dtype=class_type(num_classes)), len(present))
    return Csr(np.append(0, np.cumsum(rated * num_classes)), label, present.ravel())


def _matrix(
    file: ReleaseFile, rows: LabelRows, image_ids: np.ndarray, num_classes: int, kind: str
) -> Tuple[Csr, Dict]:
    """The labels or verdicts of one file, and the account of its rows."""
    row = np.minimum(np.searchsorted(image_ids, rows.image_id), max(len(image_ids) - 1, 0))
    known = image_ids[row] == rows.image_id if len(image_ids) else np.zeros(len(row), bool)
    rows, row = rows.keep(known, 'image outside the image list'), row[known]

    def merged(merge: np.ufunc) -> Csr:
        shape = len(image_ids), num_classes
        return to_csr(row, rows.count, rows.label, rows.value, shape, merge)

    if kind == 'machine' and (row[1:] > row[:-1]).all():
        # As in all releases: the labels are sorted by image, and within each when they were read.
        length = np.zeros(len(image_ids), np.int64)
        length[row] = rows.count
        csr = Csr(np.append(0, np.cumsum(length)), rows.label, rows.value)
    elif kind == 'machine':
        csr = merged(np.maximum)
    else:
        csr = merged(np.add)
        csr = csr._replace(value=csr.value >= 0)
    duplicates = len(rows.label) - len(csr.label)
    rows.account.drop(TWICE, duplicates)
    entry = rows.account.entry(str(file), len(csr.label))
    if kind == 'human':
        absent, present, minus = rows.codes
        entry['verdicts'] = {'present': present, 'absent': absent + minus}
        entry['coding'] = '1/-1' if minus else '1/0'
    if kind == 'human' and duplicates:
        opposite = (merged(np.minimum).value < 0) & (merged(np.maximum).value > 0)
        entry['contradictions'] = int(opposite.sum())
    return csr, entry


def account_table(indexes: Mapping[str, LabelIndex]) -> str:
    """Rows = kept + dropped by reason, for each file, and how to keep more of them."""
    lines, files = [], {}
    for name, index in indexes.items():
        lines.append(
            f'{name}: {counted(len(index), "image")}, '
            f'{counted(len(index.noisy.label), "machine label")}, '
            f'{counted(len(index.verdicts.label), "verdict")} ({int(index.verdicts.value.sum()):,} '
            'present)'
        )
        bare = int((np.diff(index.noisy.start) == 0).sum())
        if bare:
            lines.append(
                f'  {bare:,} of the images ({bare / len(index):.1%}) have no machine label: in '
                'training, each of them is an image of no class at all; where that is not so, '
                'leave them out of the image list'
            )
        files.update({file['path']: file for file in index.info['files']})
    for file in files.values():
        line = f'  {file["path"]}: {counted(file["rows"], "row")} = {file["kept"]:,} kept'
        for reason, count in file['dropped'].items():
            line += f' + {count:,} {reason}'
            if reason in file['examples']:
                line += f' (first: {file["examples"][reason]})'
        if file.get('contradictions'):
            line += f'; on {file["contradictions"]:,} pairs the verdicts differ'
        lines.append(line)
        lines += _about_verdicts(file)
    if any(UNLISTED in file['dropped'] for file in files.values()):
        lines.append('To keep rows of other classes, give a class list that has them by --classes.')
    return '\n'.join(lines)


def _about_verdicts(file: Dict) -> Iterator[str]:
    """What to know of the verdicts of a file before they are believed."""
    if file.get('coding') == '1/-1':
        yield '    its verdicts are coded 1/-1: 1 is present, -1 absent'
    numbers = file.get('verdicts', {})
    if file.get('complete'):
        return
    for kind, other, meaning in (
        ('present', 'absent', 'every score on them gives an AP of 100, and no label is ever wrong'),
        ('absent', 'present', 'no AP can be computed from them, and every label is wrong'),
    ):
        if numbers.get(kind) and not numbers[other]:
            yield (
                f'    WARNING: all of its {numbers[kind]:,} verdicts say {kind}, so {meaning}; '
                f'give the verdicts that say {other} too'
            )
