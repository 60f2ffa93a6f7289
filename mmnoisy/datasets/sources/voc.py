"""PASCAL VOC: an XML file of objects for each picture, and lists of verdicts for each class."""

from __future__ import annotations

import posixpath
from typing import Dict, Iterator, List, Tuple

from mmnoisy.datasets.release.csv_blocks import NO_VERDICT
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import Collector
from mmnoisy.datasets.sources.opening import decode
from mmnoisy.datasets.sources.storage import files_below, is_folder, join, read_bytes, read_ends
from mmnoisy.datasets.sources.xml_documents import parse_xml
from mmnoisy.errors import InputError

DIFFICULT = 'difficult to see, so no verdict'
SPLITS = ('train', 'val', 'trainval', 'test')


@register
class Voc(Source):
    """A folder with ``Annotations``, or that folder itself, or with ``ImageSets/Main``.

    A picture has the classes of its objects. Verdicts are those of ``ImageSets/Main``, of lines
    ``000012 1``: 1 present, -1 absent, 0 neither; where there are none, the classes of the objects
    are present. It is read only: objects have boxes, and labels of images have none.
    """

    name = 'voc'
    title = 'PASCAL VOC'
    unwritten = 'whose objects have boxes'

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks for lists of a class, or at the first XML file."""
        try:
            if not is_folder(path):
                return False
            if _lists(path):
                return True
            documents = _documents(path)
            return bool(documents) and b'<annotation' in read_ends(documents[0][1])
        except Exception:
            return False

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`."""
        collector = Collector(path, kind, options)
        lists, documents = _lists(path), _documents(path)
        if lists and (collector.verified or not documents):
            for label, files in lists.items():
                # What stands in train and in trainval, too, counts once.
                for name, code in dict.fromkeys(row for file in files for row in _rows(file)):
                    _add(collector, name, label, code)
        for below, document in documents if not lists or not collector.verified else ():
            name, labels = _objects(document)
            image = collector.image(posixpath.join(posixpath.dirname(below), name))
            if image is not None:
                for label in labels:
                    collector.add(image, label, None, f'of {name}')
        return collector.table(format=self.name)


def _documents(path: str) -> List[Tuple[str, str]]:
    """The XML files: below the folder of them, and whole."""
    inner = join(path, 'Annotations')
    folder = inner if is_folder(inner) else path
    return [(one, join(folder, one)) for one in files_below(folder) if one.endswith('.xml')]


def _lists(path: str) -> Dict[str, List[str]]:
    """The lists of each class, by its name."""
    folder = join(join(path, 'ImageSets'), 'Main')
    found: Dict[str, List[str]] = {}
    for name in files_below(folder) if is_folder(folder) else ():
        label, _, split = posixpath.splitext(name)[0].rpartition('_')
        if name.endswith('.txt') and label and split in SPLITS:
            found.setdefault(label, []).append(join(folder, name))
    return found


def _rows(file: str) -> Iterator[Tuple[str, str]]:
    for number, line in enumerate(decode(read_bytes(file), file).splitlines(), 1):
        parts = line.rsplit(None, 1)
        if len(parts) == 1:
            raise InputError(
                f'{file}: line {number} has no number behind {parts[0]!r}; write 1, 0 or -1 there'
            )
        if parts:
            yield parts[0].strip(), parts[1]


def _add(collector: Collector, name: str, label: str, code: str) -> None:
    image = collector.image(name) if code in ('1', '-1') else None
    if code == '0':
        collector.drop(DIFFICULT, f'{label} of {name}')
    elif image is None:
        collector.drop(NO_VERDICT, f'{code!r} for {label} of {name}')
    elif code == '1' or collector.verified:
        collector.add(image, label, code == '1', f'of {name}')


def _objects(path: str) -> Tuple[str, List[str]]:
    """The name of a picture, and the classes of its objects, each once."""
    stack: List[str] = []
    text: List[str] = []
    found: Dict[str, List[str]] = {'filename': [], 'name': []}

    def start(tag: str, _: Dict[str, str]) -> None:
        stack.append(tag)
        text.clear()

    def end(tag: str) -> None:
        if stack in (['annotation', 'filename'], ['annotation', 'object', 'name']):
            found[tag].append(''.join(text).strip())
        stack.pop()
        text.clear()
        if not stack and tag != 'annotation':
            raise InputError(f'{path}: is no annotation of PASCAL VOC but {tag!r}; take it away')

    parse_xml(read_bytes(path), path, start, end, text.append)
    stem = posixpath.splitext(posixpath.basename(path.replace('\\', '/')))[0]
    return (found['filename'] or [''])[0] or stem, [*dict.fromkeys(found['name'])]
