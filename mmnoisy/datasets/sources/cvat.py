"""CVAT's XML for images, version 1.1: pictures with tags, or with shapes that have labels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional
from xml.sax.saxutils import escape, quoteattr

from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import Collector, labels_by_image
from mmnoisy.datasets.sources.storage import read_bytes, read_ends
from mmnoisy.datasets.sources.xml_documents import parse_xml
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write

PRESENT, SCORE = 'present', 'score'
"""Attributes of a tag: false where a verdict says absent, and the confidence."""

# What XML 1.0 cannot say in any way.
_UNSAYABLE = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')


@register
class Cvat(Source):
    """An image has the labels of its tags, and of its shapes.

    The attribute ``score`` is the confidence; a label is absent where its attribute ``present``
    is ``false``. Both are in the list of labels that is written, so that CVAT takes them.
    """

    name = 'cvat'
    title = 'CVAT XML for images'
    endings = ('.xml',)

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks for the outermost element."""
        text = read_ends(path)[:4096].lstrip(b'\xef\xbb\xbf \t\r\n')
        return text.startswith(b'<') and b'<annotations>' in text

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`."""
        reader = _Reader(path, kind, options)
        reader.parse(read_bytes(path))
        return reader.collector.table(format=self.name)

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes labels; see :class:`Source`."""
        for name in (*table.images, *table.classes):
            if _UNSAYABLE.search(name):
                raise InputError(
                    f'{path}: XML cannot say the name {name!r}; write another format with --format'
                )
        with atomic_write(Path(path)) as file:
            file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n')
            file.write('<version>1.1</version>\n<meta><task>\n')
            file.write(f'<size>{len(table.images)}</size>\n<mode>annotation</mode>\n<labels>\n')
            file.writelines(map(_label, table.classes))
            file.write('</labels>\n</task></meta>\n')
            file.writelines(_images(table, kind))
            file.write('</annotations>\n')


class _Reader:
    """Takes a document element by element, so that only its labels are kept in memory."""

    def __init__(self, path: str, kind: Kind, options: Options) -> None:
        self.collector = Collector(path, kind, options)
        self._path = path
        self._open: List[str] = []
        self._text: List[str] = []
        self._image: Optional[int] = None
        self._place = ''
        self._label: Optional[str] = None
        self._attribute = ''
        self._said: Dict[str, Any] = {}

    def parse(self, data: bytes) -> None:
        parse_xml(data, self._path, self._start, self._end, self._text.append)

    def _start(self, tag: str, attributes: Dict[str, str]) -> None:
        if tag == 'track':
            raise InputError(
                f'{self._path}: is CVAT XML for video; export it as CVAT for images 1.1'
            )
        self._open.append(tag)
        self._text.clear()
        if tag == 'image':
            self._place = attributes.get('name', '')
            self._image = self.collector.image(self._place, attributes)
        elif self._open[1:-1] == ['image']:
            self._label = attributes.get('label')
            self._said = {SCORE: attributes.get(SCORE)}
        elif tag == 'attribute':
            self._attribute = attributes.get('name', '')

    def _end(self, tag: str) -> None:
        self._open.pop()
        text = ''.join(self._text)
        self._text.clear()
        if self._open[1:] == ['image']:
            self._add()
        elif self._open[1:2] == ['image'] and tag == 'attribute':
            self._said[self._attribute] = text
        elif tag == 'name' and self._open[-2:] == ['labels', 'label']:
            self.collector.list_class(text)

    def _add(self) -> None:
        if self._image is None:
            return
        where = f'of {self._place}'
        if self.collector.verified:
            self.collector.add(self._image, self._label, self._said.get(PRESENT) != 'false', where)
        else:
            self.collector.add(self._image, self._label, _number(self._said[SCORE]), where)


def _number(text: Optional[str]) -> Any:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _label(name: str) -> str:
    attributes = ''.join(
        f'<attribute><name>{attribute}</name><mutable>False</mutable>'
        f'<input_type>{kind}</input_type><default_value>{default}</default_value>'
        f'<values>{values}</values></attribute>'
        for attribute, kind, default, values in (
            (PRESENT, 'checkbox', 'true', 'false'),
            (SCORE, 'text', '1', ''),
        )
    )
    name = escape(name, {'\r': '&#13;'})
    return (
        f'<label><name>{name}</name><type>tag</type><attributes>{attributes}</attributes></label>\n'
    )


def _images(table: LabelTable, kind: Kind) -> Iterator[str]:
    names = [quoteattr(name) for name in table.classes]
    for number, image in enumerate(labels_by_image(table)):
        yield f'<image id="{number}" name={quoteattr(image.name)} width="0" height="0">\n'
        for label, value in zip(image.labels, image.values):
            attribute, text = (SCORE, repr(value)) if kind == 'noisy' else (PRESENT, 'false')
            said = f'<attribute name="{attribute}">{text}</attribute>'
            by = 'auto' if kind == 'noisy' else 'manual'
            yield (
                f'<tag label={names[label]} source="{by}">'
                f'{said if kind == "noisy" or not value else ""}</tag>\n'
            )
        yield '</image>\n'
