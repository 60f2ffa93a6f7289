"""Which classes of the noisy labels say which classes of the verdicts (no MM imports)."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

from mmnoisy.class_names import plain
from mmnoisy.datasets.release.class_files import read_pairs
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import write_csv
from mmnoisy.wording import counted

FILE = 'correspondence.csv'
"""In the folder of the indexes; the first two columns are class ids."""
HEADER = ('NoisyId', 'Id', 'NoisyLabelName', 'LabelName')

Pair = Tuple[int, int]


class Vocabulary(NamedTuple):
    """A class list.

    Attributes:
        mids: the classes.
        names: of the classes.
        source: where the list comes from.
    """

    mids: Sequence[str]
    names: Sequence[str]
    source: str


def equal_names(noisy: Vocabulary, classes: Vocabulary) -> List[Pair]:
    """Pairs of classes that have the same MID or else the same name.

    Names are compared without case, spaces and punctuation: ``T-shirt`` is ``t shirt``. A name may
    stand for several classes, such as the two cars of WordNet; a MID for one alone, and where it
    is in both lists, names say no more.

    Raises:
        InputError: there is no pair.
    """
    by_mid = {mid: k for k, mid in enumerate(noisy.mids)}
    by_name: Dict[str, List[int]] = {}
    for k, name in enumerate(noisy.names):
        by_name.setdefault(plain(name), []).append(k)
    pairs = []
    for k, (mid, name) in enumerate(zip(classes.mids, classes.names)):
        same = [by_mid[mid]] if mid in by_mid else by_name.get(plain(name), [])
        pairs += [(other, k) for other in same]
    if not pairs:
        raise InputError(
            f'{classes.source}: none of its {counted(len(classes.mids), "class")} has the MID or '
            f'the name of one of {noisy.source}; give pairs with --class-map CSV, or none'
        )
    return sorted(pairs)


def read_class_map(file: ReleaseFile, noisy: Vocabulary, classes: Vocabulary) -> List[Pair]:
    """Reads rows ``NoisyLabelName,LabelName``, MIDs, several for a class allowed.

    Raises:
        InputError: the file cannot be read or is empty, a MID is in no class list, or a pair is
            given twice.
    """
    ids = [{mid: k for k, mid in enumerate(part.mids)} for part in (noisy, classes)]
    pairs = set()
    for row in read_pairs(file):
        for mid, known, part in zip(row, ids, (noisy, classes)):
            if mid not in known:
                raise InputError(
                    f'{file}: {mid!r} in {",".join(row)!r} is not among the '
                    f'{counted(len(known), "class")} of {part.source}; give rows of a noisy class '
                    'and a class, both as MIDs'
                )
        pair = ids[0][row[0]], ids[1][row[1]]
        if pair in pairs:
            raise InputError(f'{file}: {",".join(row)!r} is given twice; drop one of the two')
        pairs.add(pair)
    if not pairs:
        raise InputError(f'{file}: has no pair; give rows of a noisy class and a class, or none')
    return sorted(pairs)


def write_class_map(
    folder: Path, pairs: Sequence[Pair], noisy: Vocabulary, classes: Vocabulary
) -> None:
    """Writes the pairs beside the indexes, with ids for the heads and MIDs for the reader."""
    rows = ((a, b, noisy.mids[a], classes.mids[b]) for a, b in pairs)
    write_csv(folder / FILE, HEADER, rows)
