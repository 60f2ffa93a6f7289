"""Lists of pictures with the number of a class, as ImageNet's and MMPretrain's ``train.txt``."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import List, Optional, Tuple

from mmnoisy.class_names import distinct_names
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import Collector, labels_by_image
from mmnoisy.datasets.sources.opening import decode, open_file, read_head
from mmnoisy.datasets.sources.storage import is_picture, read_bytes
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_files

NAMES = ('classes.txt', 'class_names.txt', 'categories.txt', 'labels.txt', 'names.txt')
"""Files beside a list with the names of the classes, one a line; before them ``LIST_classes.txt``.
"""
_LINE = re.compile(r'(?s)(.+?) +([0-9]{1,9})')
_SAMPLE = 1000


@register
class ImageList(Source):
    """Lines such as ``cats/1.jpg 0``: the path of a picture and the number of its class, from 0.

    The names of the classes are the lines of a file beside the list, see :data:`NAMES`; without one
    the numbers are the names. A picture on several lines has several classes, and one on a line
    without a number has none. There are no confidences: those of a table are not written, and
    labels of 0 are left out.
    """

    name = 'image_list'
    title = 'a list of pictures and numbers of classes'
    scored = False

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks at the first lines."""
        try:
            text, whole = read_head(path)
        except InputError:
            return False
        lines = [line.strip() for line in text.split('\n')]
        lines = [line for line in (lines if whole else lines[:-1])[:_SAMPLE] if line]
        found = [_LINE.fullmatch(line) for line in lines]
        names = [one[1] if one else line for one, line in zip(found, lines)]
        return any(found) and all(map(is_picture, names))

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`."""
        lines = _lines(path)
        file, names = _class_names(path)
        collector = Collector(path, kind, options, names or ())
        for line in filter(None, lines):
            found = _LINE.fullmatch(line)
            name, number = (found[1], int(found[2])) if found else (line, None)
            image = collector.image(name)
            if image is None or number is None:
                continue
            if names is None:
                collector.add(image, number, None, f'of {name}')
            else:
                collector.add_number(image, number, names, None, f'of {name}')
        return collector.table(format=self.name, classes_file=file)

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes the list, and ``LIST_classes.txt`` beside it; see :class:`Source`."""
        if kind == 'verified' and not table.value.all():
            raise InputError(
                f'{path}: such a list cannot say that a label is absent; write another format with '
                '--format'
            )
        bare = {image.name for image in labels_by_image(table) if not image.present()}
        for name in (*table.images, *table.classes):
            if (
                not name
                or name != name.strip()
                or '\n' in name
                or (name in bare and _LINE.fullmatch(name))
            ):
                raise InputError(
                    f'{path}: the name {name!r} would be misread in such a list; write another '
                    'format with --format'
                )
        with atomic_files(Path(path).parent) as folder:
            list_name = Path(path).name
            with open(folder / list_name, 'w', encoding='utf-8', newline='') as file:
                for image in labels_by_image(table):
                    numbers = [f' {k}' for k in image.present()] or ['']
                    file.writelines(f'{image.name}{number}\n' for number in numbers)
            with open(folder / _own_classes(list_name), 'w', encoding='utf-8', newline='') as file:
                file.writelines(f'{name}\n' for name in table.classes)


def _lines(path: str) -> List[str]:
    return [line.strip() for line in decode(read_bytes(path), path).split('\n')]


def _own_classes(path: str) -> str:
    return f'{os.path.splitext(path)[0]}_classes.txt'


def _class_names(path: str) -> Tuple[Optional[str], Optional[List[str]]]:
    """The file beside a list that has the names of its classes, and these."""
    for file in (_own_classes(path), *(posixpath.join(os.path.dirname(path), k) for k in NAMES)):
        try:
            with open_file(file):
                pass
        except InputError:
            continue
        if file != path:
            names = '\n'.join(_lines(file)).rstrip('\n').split('\n')
            return os.path.basename(file), distinct_names([*map(str, range(len(names)))], names)
    return None, None
