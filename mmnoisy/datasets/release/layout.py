"""Where the files of each Open Images release are, V1 (2016) to V7 (2022), as published."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.errors import InputError

KINDS = ('machine', 'human', 'images')

# V7 says val for validation.
_SHORT = {'validation': 'val'}


class Layout(NamedTuple):
    """The names of the files of one release.

    Attributes:
        names: by kind of file (machine labels, human verdicts, images, classes, descriptions),
            names in the order of preference; ``{subset}`` or ``{short}`` is to be filled in.
        archives: by kind of file, patterns of archives that have the first name as a member.
        folders: where the files may be, apart from ``annotations`` and the subset's folder.
        mark: names of files that only this release has.
        subsets: V1 has no test set.
    """

    names: Dict[str, List[str]]
    archives: Dict[str, str]
    folders: List[str]
    mark: List[str]
    subsets: Tuple[str, ...] = SUBSETS

    def find(self, root: Path, kind: str, subset: str = '') -> Optional[ReleaseFile]:
        """The file of a kind, unpacked, compressed or in an archive; None if there is none."""
        names = [_fill(name, subset) for name in self.names[kind]]
        path = _first_file(root, self._folders(subset), names)
        if path is not None:
            return ReleaseFile(path)
        pattern = self.archives.get(kind)
        archives = sorted(root.glob(f'{pattern}.tar.gz')) if pattern else []
        return ReleaseFile(archives[-1], names[0]) if archives else None

    def is_in(self, root: Path) -> bool:
        """Whether there is a file that only this release has."""
        return _first_file(root, self._folders('train'), self.mark) is not None

    def _folders(self, subset: str) -> List[str]:
        inner = [f'{folder}/{subset}' for folder in self.folders]
        return ['', 'annotations', subset, *self.folders, *inner]


class Release(NamedTuple):
    """The files of a release.

    Attributes:
        root: its folder.
        files: by kind (of ``KINDS``) and subset (of ``SUBSETS``).
        classes, descriptions, categories: of the class list, the names and the categories.
        validation_list: the image list that makes some of V1's validation images V.
        verdict_classes: the class list of the verdicts, with names, where it is another one.
    """

    root: Path
    files: Dict[Tuple[str, str], ReleaseFile]
    classes: Optional[ReleaseFile]
    descriptions: Optional[ReleaseFile]
    categories: Optional[ReleaseFile]
    validation_list: Optional[ReleaseFile]
    verdict_classes: Optional[ReleaseFile] = None


def find_release(
    root: Path,
    version: str = '',
    given: Optional[Mapping[Tuple[str, str], ReleaseFile]] = None,
    train_verdicts: bool = False,
) -> Release:
    """Finds the files of a release.

    Args:
        root: the folder to look in.
        version: ``v1`` to ``v7``; by default it is recognised by the names of the files.
        given: files by kind and subset that are taken instead of those of the release.
        train_verdicts: whether verdicts on training images are needed.

    Raises:
        InputError: the folder or a label file is missing, or the release cannot be told.
    """
    if not root.is_dir():
        raise InputError(f'{root}: there is no such folder; give the folder of the release')
    files = dict(given or {})
    needed = [('machine', 'train'), ('machine', 'validation'), ('human', 'validation')]
    layout, subsets = LAYOUTS['v4'], {subset for _, subset in files}
    if version or not all(key in files for key in needed):
        layout = LAYOUTS[version or recognise(root)]
        subsets.update(layout.subsets)
        for kind, subset in product(KINDS, layout.subsets):
            file = files.get((kind, subset)) or layout.find(root, kind, subset)
            if file is not None:
                files[kind, subset] = file
    if 'test' in subsets:
        needed += [('machine', 'test'), ('human', 'test')]
    if train_verdicts:
        needed += [('human', 'train')]
    for kind, subset in needed:
        if (kind, subset) not in files:
            name = _fill(layout.names[kind][0], subset)
            raise InputError(
                f'{root}: {name} is neither there nor in its folders annotations and {subset}; '
                f'download it from the page of the release, or name it with --{kind}'
            )
    categories = _first_file(root, ['', 'annotations'], ['categories.csv'])
    return Release(
        root,
        files,
        layout.find(root, 'classes'),
        layout.find(root, 'descriptions'),
        ReleaseFile(categories) if categories else None,
        LAYOUTS['v2'].find(root, 'images', 'validation'),
    )


def recognise(root: Path) -> str:
    """The release whose files are in a folder.

    Raises:
        InputError: there is none, or there are several.
    """
    found = [version for version, layout in LAYOUTS.items() if layout.is_in(root)]
    # V6 goes on using files of V5, which have the names of V4.
    for newer, older in (('v6', 'v5'), ('v6', 'v4')):
        if newer in found and older in found:
            found.remove(older)
    if len(found) != 1:
        what = f'files of {" and ".join(found)}' if found else 'label files of no release'
        raise InputError(
            f'{root}: there are {what} here (one would have {LAYOUTS["v4"].mark[0]}, say); '
            'name the release with --version, or each file with --machine, --human and --images'
        )
    return found[0]


def _fill(name: str, subset: str) -> str:
    return name.format(subset=subset, short=_SHORT.get(subset, subset))


def _first_file(root: Path, folders: Iterable[str], names: Iterable[str]) -> Optional[Path]:
    for name in names:
        for folder in folders:
            for path in (root / folder / name, root / folder / f'{name}.gz'):
                if path.is_file():
                    return path
    return None


def _early(month: str) -> Layout:
    return Layout(
        names=dict(
            machine=[f'{month}/{{subset}}/annotations-machine.csv'],
            human=[f'{month}/{{subset}}/annotations-human.csv'],
            images=[f'{month}/{{subset}}/images.csv'],
            classes=[f'{month}/classes-trainable.txt', 'classes-trainable.txt'],
            descriptions=[f'{month}/class-descriptions.csv', 'class-descriptions.csv'],
        ),
        archives=dict(
            machine=f'annotations_machine_{month}*',
            human=f'annotations_human_{month}*',
            images=f'images_{month}*',
            classes=f'classes_{month}*',
            descriptions=f'classes_{month}*',
        ),
        folders=[],
        mark=[f'{month}/train/annotations-machine.csv', f'annotations_machine_{month}.tar.gz'],
    )


def _late(prefixes: List[str], folders: List[str], mark: List[str]) -> Layout:
    def names(*stems: str) -> List[str]:
        return [prefix + stem for stem in stems for prefix in prefixes]

    # All label files of V7 are new; V6 goes on using those of V5.
    labels = ['oidv7-{short}'] if 'oidv7-' in prefixes else [f'{p}{{subset}}' for p in prefixes]
    return Layout(
        names=dict(
            machine=[f'{label}-annotations-machine-imagelabels.csv' for label in labels],
            human=[f'{label}-annotations-human-imagelabels.csv' for label in labels],
            images=names('{subset}-images.csv', '{subset}-images-with-rotation.csv'),
            classes=names('labelmap.txt', 'classes-trainable.txt', 'classes.txt'),
            descriptions=names('class-descriptions.csv'),
        ),
        archives={},
        folders=folders,
        mark=mark,
    )


LAYOUTS: Dict[str, Layout] = {
    'v1': Layout(
        names=dict(
            machine=['machine_ann_2016_08/{subset}/labels.csv'],
            human=['human_ann_2016_08/{subset}/labels.csv'],
            images=['images_2016_08/{subset}/images.csv'],
            classes=['2016_08/labelmap.txt', 'labelmap.txt'],
            descriptions=['dict.csv'],
        ),
        archives=dict(
            machine='machine_ann_2016_08*',
            human='human_ann_2016_08*',
            images='images_2016_08*',
            classes='model_2016_08*',
        ),
        folders=[],
        mark=[
            'machine_ann_2016_08/train/labels.csv',
            *(f'machine_ann_2016_08{edition}.tar.gz' for edition in ('', '_v2', '_v3')),
        ],
        subsets=('train', 'validation'),
    ),
    'v2': _early('2017_07'),
    'v3': _early('2017_11'),
    'v4': _late([''], ['2018_04'], ['train-annotations-machine-imagelabels.csv']),
    'v5': _late([''], ['v5', '2018_04'], ['v5/train-annotations-machine-imagelabels.csv']),
    'v6': _late(
        ['oidv6-', ''],
        ['v6', 'v5', '2018_04'],
        ['oidv6-train-annotations-human-imagelabels.csv', 'oidv6-classes-trainable.txt'],
    ),
    'v7': _late(
        ['oidv7-', 'oidv6-', ''],
        ['v7', 'v6', '2018_04'],
        ['oidv7-train-annotations-machine-imagelabels.csv'],
    ),
}
