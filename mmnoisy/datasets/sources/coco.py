"""COCO JSON: images, categories, and annotations that tie one to the other."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path
from typing import Any, Dict, Iterator, List

from mmnoisy.class_names import distinct_names
from mmnoisy.datasets.release.csv_blocks import UNLISTED
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import NO_IMAGE, Collector, labels_by_image
from mmnoisy.datasets.sources.documents import (
    as_expected,
    ends_of_json,
    has_keys,
    json_list,
    load_json,
)
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write

PRESENT = 'present'
"""The attribute of an annotation that is false where a verdict says absent."""


@register
class Coco(Source):
    """An image has the categories of its annotations, with or without boxes.

    The ``score`` of an annotation is its confidence, the name of an image its ``file_name``. A
    category is absent where an annotation says ``"attributes": {"present": false}``; CVAT and
    Datumaro keep attributes in this place. The layout holds the ``categories`` as they are.
    """

    name = 'coco'
    title = 'COCO JSON'
    endings = ('.json',)

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks for the keys of the lists, or of what is in them."""
        text = ends_of_json(path)
        return text.startswith('{') and (
            has_keys(text, 'images', 'categories')
            or has_keys(text, 'images', 'file_name')
            or has_keys(text, 'annotations', 'image_id', 'category_id')
        )

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`."""
        document = load_json(path)
        with as_expected(path, self.title):
            categories = [*document['categories']]
            _require_distinct(path, 'category', 'name', categories)
            _require_distinct(path, 'image', 'file_name', document['images'])
            # A category may lack a name, and two may share one.
            keys = [category['id'] for category in categories]
            names = distinct_names(
                [str(key) for key in keys], [str(one.get('name') or '') for one in categories]
            )
            collector = Collector(path, kind, options, names)
            images = {
                item['id']: collector.image(item.get('file_name'), item)
                for item in document['images']
            }
            _add(collector, images, dict(zip(keys, names)), document.get('annotations') or ())
            return collector.table(format=self.name, categories=categories)

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes labels; see :class:`Source`. Categories of the layout keep their ids."""
        categories = {one['name']: one for one in table.layout.get('categories', ()) if _whole(one)}
        number = max((one['id'] for one in categories.values()), default=0)
        for name in table.classes:
            if name not in categories:
                number += 1
                categories[name] = {'id': number, 'name': name, 'supercategory': ''}
        ids = [categories[name]['id'] for name in table.classes]
        images = (
            {'id': number, 'file_name': name, 'width': 0, 'height': 0}
            for number, name in enumerate(table.images, 1)
        )

        def annotations() -> Iterator[Dict[str, Any]]:
            numbers = count(1)
            for image_id, image in enumerate(labels_by_image(table), 1):
                for label, value in zip(image.labels, image.values):
                    said = {'id': next(numbers), 'image_id': image_id, 'category_id': ids[label]}
                    if kind == 'noisy':
                        said['score'] = value
                    elif not value:
                        said['attributes'] = {PRESENT: False}
                    yield said

        with atomic_write(Path(path)) as file:
            file.writelines(
                chain(
                    json_list('{\n"categories": [', categories.values(), '],'),
                    json_list('"images": [', images, '],'),
                    json_list('"annotations": [', annotations(), ']\n}'),
                )
            )


def _require_distinct(path: str, kind: str, name: str, items: List[Dict[str, Any]]) -> None:
    """Refuses two items with one id, whose annotations could be of either.

    Raises:
        InputError: there are some, as in files that were put together.
    """
    seen: Dict[Any, Any] = {}
    for item in items:
        if seen.setdefault(item['id'], item.get(name)) != item.get(name):
            raise InputError(
                f'{path}: {kind} id {item["id"]!r} is that of {seen[item["id"]]!r} and of '
                f'{item.get(name)!r}; give each {kind} an id of its own'
            )


def _add(collector: Collector, images: Dict, names: Dict, annotations: Any) -> None:
    for number, one in enumerate(annotations, 1):
        where = f'in annotation {one.get("id", number)}'
        image, name = images.get(one['image_id']), names.get(one['category_id'])
        if image is None:
            collector.drop(NO_IMAGE, f'image_id {one["image_id"]!r} {where}')
        elif name is None:
            collector.drop(UNLISTED, f'category_id {one["category_id"]!r} {where}')
        elif collector.verified:
            present = (one.get('attributes') or {}).get(PRESENT, True)
            collector.add(image, name, present is not False, where)
        else:
            collector.add(image, name, one.get('score'), where)


def _whole(category: Dict[str, Any]) -> bool:
    return isinstance(category.get('name'), str) and isinstance(category.get('id'), int)
