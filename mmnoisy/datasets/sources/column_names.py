"""What columns are called, and what their cells look like (pure)."""

from __future__ import annotations

import re
from typing import Any, List, Sequence

from mmnoisy.class_names import plain
from mmnoisy.datasets.sources.cell_values import NOTHING

WIDE = '*'
"""Given as the column of labels: each other column is a class."""

_PICTURE = re.compile(
    r'[^\x00]*\.(jpe?g|jfif|png|webp|bmp|gif|tiff?|avif|heic|heif|jp2|ppm|pgm|dng)\s*', re.I
)
_NUMBER = re.compile(r'\s*[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?\s*')

NAMES = {
    'image': (
        *('image', 'images', 'path', 'filepath', 'file', 'filename', 'imagepath', 'imagefile'),
        *('imagefilename', 'imagename', 'imageid', 'imageuri', 'imageurl', 'uri', 'url', 'img'),
        *('imgpath', 'imgfile', 'imgname', 'imgid', 'imgurl', 'picture', 'photo', 'pictureid'),
        *('photoid', 'key', 'id'),
    ),
    'label': (
        *('label', 'labels', 'tag', 'tags', 'class', 'classes', 'labelname', 'labelnames'),
        *('classname', 'classnames', 'category', 'categories', 'categoryname', 'categorynames'),
        *('keyword', 'keywords', 'concept', 'concepts'),
    ),
    'score': (
        *('score', 'scores', 'confidence', 'confidences', 'conf', 'confs', 'probability'),
        *('probabilities', 'prob', 'probs'),
    ),
    'verdict': (
        *('verdict', 'verdicts', 'value', 'values', 'verified', 'isverified', 'present'),
        *(
            'ispresent',
            'correct',
            'iscorrect',
            'answer',
            'checked',
            'ischecked',
            'valid',
            'isvalid',
        ),
    ),
}
"""What columns are called, without case, spaces and punctuation."""

OTHER = {
    *('', 'split', 'subset', 'fold', 'set', 'partition', 'width', 'height', 'size', 'index'),
    *('indexlevel0', 'md5', 'sha256', 'date', 'timestamp', 'annotator', 'comment', 'notes'),
}
"""Columns that say something else of an image than its labels."""

_PLURAL = {name for name in NAMES['label'] if name.endswith('s') and name != 'class'}


def is_plural(name: str) -> bool:
    """Whether the name of a column says that a cell holds several labels."""
    return plain(name) in _PLURAL


def is_known(name: str) -> bool:
    """Whether columns that count are called so."""
    return any(plain(name) in names for names in NAMES.values())


class Sample:
    """The first cells of a column.

    Args:
        cells: texts, numbers, lists and None.
    """

    def __init__(self, cells: Sequence[Any]) -> None:
        self.cells = [cell for cell in cells if cell is not None and cell != '']
        nested = [cell for cell in self.cells if isinstance(cell, (list, dict))]
        self.nested = bool(nested)
        self.lists = any(isinstance(cell, list) for cell in nested)
        parts = (part for cell in nested for part in cell)
        self.deep = any(isinstance(part, (list, dict)) for part in parts)
        shown = [cell if isinstance(cell, str) else repr(cell) for cell in self.cells]
        self.shown: List[str] = shown
        self.distinct = len({*shown})

    @property
    def files(self) -> bool:
        """Whether nearly all are names of pictures."""
        found = sum(_PICTURE.fullmatch(text) is not None or '://' in text for text in self.shown)
        return not self.nested and found > 0.8 * len(self.shown)

    @property
    def numeric(self) -> bool:
        """Whether all are numbers."""
        return bool(self.shown) and all(map(_is_number, self.shown))

    @property
    def values(self) -> bool:
        """Whether most are confidences or verdicts; true of a column without cells."""
        found = sum(map(_is_value, self.shown))
        return not self.nested and 2 * found >= len(self.shown)


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_value(text: str) -> bool:
    text = text.strip()
    if _is_number(text):
        number = float(text.replace(',', '.'))
        return 0 <= number <= 1 or number == -1
    return text.lower() in ('true', 'false', 'yes', 'no') or text in NOTHING
