"""What an import has understood, in sentences (pure)."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping

import numpy as np

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.io.texts import Texts
from mmnoisy.wording import counted

FEW = 4


def tell_pictures(files: Texts, pictures: Texts, named: Texts) -> str:
    """How many pictures there are, how many have labels, and what else lies there.

    Args:
        files: the paths of all files.
        pictures: those of the pictures among them, by their endings.
        named: those that the files of labels name.
    """
    unnamed = int((named.rows(pictures) < 0).sum())
    others = np.flatnonzero((pictures.rows(files) < 0) & (named.rows(files) < 0))
    line = (
        f'pictures: {len(pictures):,} found, {len(named):,} in the files of labels, '
        f'{unnamed:,} in none'
    )
    if not len(others):
        return line
    first = files[int(others[0])]
    return f'{line}; no pictures by their names: {len(others):,}, the first: {first}'


def tell(parts: Mapping[str, LabelIndex]) -> List[str]:
    """Every row of the files, the classes, the images, and one image.

    Args:
        parts: T, V and test.
    """
    lines = [_file(file) for file in parts['train'].info['files']]
    classes = parts['train'].classes
    total = np.zeros(len(classes), np.int64)
    for part in parts.values():
        total += np.bincount(part.noisy.label, minlength=len(classes))
    most = np.argsort(-total, kind='stable')[:FEW].tolist()
    shown = ', '.join(f'{classes[k]} ({total[k]:,})' for k in most)
    lines.append(f'classes: {len(classes):,}: {shown}{", ..." if len(classes) > FEW else ""}')
    number = {name: f'{len(part):,}' for name, part in parts.items()}
    labels, verdicts = (
        sum(len(getattr(part, name).label) for part in parts.values())
        for name in ('noisy', 'verdicts')
    )
    lines.append(
        f'images: {number["train"]} with noisy labels only (T), {number["validation"]} verified to '
        f'learn from (V), {number["test"]} verified to test on; {counted(labels, "noisy label")}, '
        f'{counted(verdicts, "verdict")}'
    )
    return [*lines, _example(parts['validation'])]


def warnings(index: LabelIndex, verified: str) -> List[str]:
    """What may be meant otherwise.

    Args:
        index: of all images.
        verified: path of the file of verdicts.
    """
    found = []
    if index.verdicts.value.all():
        found.append(
            f'{verified}: no label is verified absent, so nothing says which labels are wrong; if '
            'each verified image lists all that is present, say so with --complete '
            '(docs/faq.md#nothing-says-which-labels-are-wrong)'
        )
    elif not index.verdicts.value.any():
        found.append(f'{verified}: no label is verified present; check the column of verdicts')
    for same in alike(index.classes):
        names = ' and '.join(map(repr, same))
        found.append(f'{names} are {len(same)} classes; write them alike to make one')
    return found


def alike(names: Iterable[str]) -> List[List[str]]:
    """Names that differ only in case or spaces, those of one word together."""
    same: Dict[str, List[str]] = {}
    for name in names:
        same.setdefault(' '.join(name.casefold().split()), []).append(name)
    return [found for found in same.values() if len(found) > 1]


def _file(file: Dict) -> str:
    line = f'{file["path"]}: {counted(file["rows"], "row")}, {counted(file["kept"], "label")} kept'
    if file.get('complete'):
        number = file.get('num_classes')
        of_them = f'all others of {counted(number, "class")}' if number else 'all other classes'
        line += f', and {of_them} absent in their images'
    bare = file['rows'] - file['kept'] - sum(file['dropped'].values())
    if bare:
        line += f' + {counted(bare, "image")} without a label'
    for reason, count in file['dropped'].items():
        if count:
            line += f' + {count:,} {reason}'
            if reason in file['examples']:
                line += f' (first: {file["examples"][reason]})'
    return line


def _example(index: LabelIndex) -> str:
    label, present = index.verdicts.row(0)
    label, present = (np.append(a[present], a[~present]) for a in (label, present))
    noisy = [index.classes[k] for k in index.noisy.row(0)[0][:FEW]]
    verdicts = [
        f'{index.classes[k]} {"present" if is_present else "absent"}'
        for k, is_present in zip(label[:FEW].tolist(), present[:FEW].tolist())
    ]
    return (
        f'for example {index.image_ids[0]}: noisy labels {", ".join(noisy) or "none"}; verdicts '
        f'{", ".join(verdicts)}'
    )
