"""From the CSVs of a release to its three label indexes: train (T), validation (V) and test."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np

from mmnoisy.datasets.label_index import LabelIndex, to_csr
from mmnoisy.datasets.open_images_csv import (
    UNLISTED,
    LabelRows,
    read_class_list,
    read_image_ids,
    read_labels,
    read_pairs,
)
from mmnoisy.errors import InputError

SUBSETS = ('train', 'validation', 'test')

CLASS_LISTS = ('labelmap.txt', 'classes-trainable.txt', 'classes.txt')


@dataclass
class Subset:
    """The files of one subset; ``human`` and ``images`` may be absent."""

    machine: Path
    human: Optional[Path]
    images: Optional[Path]


def prepare(
    root: Path, out: Path, classes: Optional[Path] = None, categories: Optional[Path] = None
) -> Dict[str, LabelIndex]:
    """Builds ``out/{train,validation,test}`` from the files of an Open Images V4 release.

    Verdicts on training images are left out, as in the paper: T has machine labels only. The
    folder ``out`` appears whole or not at all.

    Args:
        root: holds ``{subset}-annotations-machine-imagelabels.csv`` and so on, directly or in
            ``annotations`` or ``{subset}`` folders.
        out: the folder to write; an older index there is replaced.
        classes: the class list; by default the first of ``CLASS_LISTS`` that is found.
        categories: rows ``LabelName,Category``, several for a class allowed, ``others`` where
            there is none; by default ``categories.csv`` if it is found.

    Returns:
        The three indexes, by subset.

    Raises:
        InputError: a file is missing or unusable, or an image is in two subsets.
    """
    if not root.is_dir():
        raise InputError(f'{root}: there is no such folder; give the folder of the release')
    class_list = classes or _find_class_list(root)
    mids = read_class_list(class_list)
    info = {
        'classes': mids,
        'class_names': _class_names(_find(root, 'class-descriptions.csv'), mids),
        'class_categories': _class_categories(categories or _find(root, 'categories.csv'), mids),
        'class_list': str(class_list),
    }
    indexes = {}
    for name in SUBSETS:
        files = find_subset(root, name)
        indexes[name] = build_index(files, mids, {'subset': name, **info})
        if files.human is not None and not indexes[name].verdicts.value.any():
            raise InputError(
                f'{files.human}: no image of {name} has a label verified present; '
                'give the complete file of verdicts of this subset'
            )
    _check_disjoint(indexes)
    _write_whole(indexes, out)
    return indexes


def find_subset(root: Path, name: str) -> Subset:
    """Finds the files of one subset.

    Raises:
        InputError: the machine labels are missing, or the verdicts of validation or test.
    """

    def need(kind: str) -> Path:
        file = f'{name}-annotations-{kind}-imagelabels.csv'
        path = _find(root, file)
        if path is None:
            raise InputError(
                f'{root}: {file} is neither there nor in its folders annotations and {name}; '
                'download it from the page of the release'
            )
        return path

    return Subset(
        machine=need('machine'),
        human=None if name == 'train' else need('human'),
        images=_find(root, f'{name}-images.csv') or _find(root, f'{name}-images-with-rotation.csv'),
    )


def build_index(files: Subset, classes: Sequence[str], info: Dict) -> LabelIndex:
    """Reads one subset.

    The images are those of the image list, or, where there is none, those that the label files
    name. A machine label given twice keeps its higher confidence; a pair with several verdicts
    keeps their majority, a tie counting as present.

    Args:
        files: the label files.
        classes: (C) MIDs.
        info: further entries for the JSON of the index.

    Raises:
        InputError: a file cannot be used.
    """
    labels = {'machine': read_labels(files.machine, classes)}
    if files.human is not None:
        labels['human'] = read_labels(files.human, classes)
    if files.images is not None:
        image_ids = read_image_ids(files.images)
        for kind, rows in labels.items():
            known = np.isin(rows.image_id, image_ids)
            labels[kind] = rows.keep(known, 'image outside the image list')
    else:
        image_ids = np.unique(np.concatenate([rows.image_id for rows in labels.values()]))

    shape = (len(image_ids), len(classes))
    machine = labels['machine']
    row = np.searchsorted(image_ids, machine.image_id)
    noisy = to_csr(row, machine.label, machine.confidence, shape, np.maximum)
    account = [_account(files.machine, machine, len(noisy.label))]
    nothing = np.zeros(0, np.int64)
    votes = to_csr(nothing, nothing, nothing, shape, np.add)
    if files.human is not None:
        human = labels['human']
        row = np.searchsorted(image_ids, human.image_id)
        votes = to_csr(row, human.label, np.where(human.confidence >= 0.5, 1, -1), shape, np.add)
        account.append(_account(files.human, human, len(votes.label)))
    verdicts = votes._replace(value=votes.value >= 0)
    return LabelIndex(image_ids, noisy, verdicts, {**info, 'files': account})


def _account(path: Path, rows: LabelRows, kept: int) -> Dict:
    """One file's rows: rows = kept + dropped."""
    dropped = {**rows.dropped, 'given more than once': len(rows.label) - kept}
    return {
        'path': str(path),
        'rows': rows.num_rows,
        'kept': kept,
        'dropped': {reason: count for reason, count in dropped.items() if count},
        'examples': rows.examples,
    }


def _find(root: Path, name: str) -> Optional[Path]:
    subset = name.split('-')[0]
    for folder in (root, root / 'annotations', root / subset):
        if (folder / name).is_file():
            return folder / name
    return None


def _find_class_list(root: Path) -> Path:
    for name in CLASS_LISTS:
        path = _find(root, name)
        if path is not None:
            return path
    raise InputError(
        f'{root}: none of {", ".join(CLASS_LISTS)} is there; name a class list with --classes'
    )


def _class_names(path: Optional[Path], classes: Sequence[str]) -> List[str]:
    names = dict(read_pairs(path)) if path else {}
    return [names.get(mid, mid) for mid in classes]


def _class_categories(path: Optional[Path], classes: Sequence[str]) -> List[List[str]]:
    if path is None:
        return []
    categories: Dict[str, List[str]] = {mid: [] for mid in classes}
    for mid, category in read_pairs(path):
        if mid in categories:
            categories[mid].append(category)
    return [categories[mid] or ['others'] for mid in classes]


def _check_disjoint(indexes: Dict[str, LabelIndex]) -> None:
    names: List[str] = list(indexes)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            both = np.intersect1d(indexes[first].image_ids, indexes[second].image_ids)
            if len(both):
                raise InputError(
                    f'{first} and {second}: {len(both)} images are in both, the first is '
                    f'{both[0]:016x}; remove them from the files of one of the two'
                )


def _write_whole(indexes: Dict[str, LabelIndex], out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{out.name}-', dir=out.parent) as name:
        temporary = Path(name)
        for subset, index in indexes.items():
            index.write(temporary / 'new' / subset)
        if out.exists():
            _check_replaceable(out)
            out.rename(temporary / 'old')
        (temporary / 'new').rename(out)


def _check_replaceable(out: Path) -> None:
    foreign = [path for path in out.iterdir() if path.name not in SUBSETS]
    if foreign:
        raise InputError(
            f'{out}: holds {foreign[0].name}, which is no part of a label index; '
            'name another folder with --out'
        )


def account_table(indexes: Dict[str, LabelIndex]) -> str:
    """Rows in = kept + dropped by reason, for each label file, and how to keep more of them."""
    lines, unlisted = [], False
    for name, index in indexes.items():
        lines.append(
            f'{name}: {len(index):,} images, {len(index.noisy.label):,} machine labels, '
            f'{len(index.verdicts.label):,} verdicts '
            f'({int(index.verdicts.value.sum()):,} present)'
        )
        for file in index.info['files']:
            line = f'  {file["path"]}: {file["rows"]:,} rows = {file["kept"]:,} kept'
            for reason, count in file['dropped'].items():
                line += f' + {count:,} {reason}'
                if reason in file['examples']:
                    line += f' (first: {file["examples"][reason]})'
            lines.append(line)
            unlisted = unlisted or UNLISTED in file['dropped']
    if unlisted:
        lines.append('To keep rows of other classes, give a class list that has them by --classes.')
    return '\n'.join(lines)
