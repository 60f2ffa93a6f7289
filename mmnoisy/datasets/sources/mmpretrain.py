"""MMPretrain's own JSON: the classes, and a list of pictures with the numbers of theirs."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from mmnoisy.class_names import distinct_names
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import Collector, labels_by_image
from mmnoisy.datasets.sources.documents import (
    as_expected,
    ends_of_json,
    has_keys,
    json_list,
    load_json,
)
from mmnoisy.io.atomic import atomic_write
from mmnoisy.wording import counted

SCORES, ABSENT = 'noisy_score', 'verified_neg'
"""Beside ``gt_label``: a confidence for each of its classes, and the classes that are absent."""


@register
class MMPretrain(Source):
    """The annotation file of ``CustomDataset`` and ``MultiLabelDataset``.

    A picture has ``img_path`` and ``gt_label``, a number or a list, or ``gt_score``, a number for
    each class: confidences, of which 0 and less is no label, or verdicts 1 and 0, all others none.
    Written are ``gt_label``, ``noisy_score`` and ``verified_neg``, of which MMPretrain reads the
    first; the layout says whether it was a ``single`` number for every picture.
    """

    name = 'mmpretrain'
    title = 'MMPretrain JSON'
    endings = ('.json',)

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks for ``data_list`` or ``metainfo``."""
        text = ends_of_json(path)
        return text.startswith('{') and (
            has_keys(text, 'data_list') or has_keys(text, 'metainfo', 'img_path')
        )

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`."""
        document = load_json(path)
        with as_expected(path, self.title):
            pictures = document['data_list']
            classes = _classes(document.get('metainfo') or {})
            collector = Collector(path, kind, options, classes or ())
            single = bool(pictures)
            for picture in pictures:
                name = picture.get('img_path')
                image = collector.image(name, picture)
                single &= isinstance(picture.get('gt_label'), int)
                if image is None:
                    continue
                for number, value in _labels(picture, collector.verified):
                    if classes is None:
                        collector.add(image, number, value, f'of {name}')
                    else:
                        collector.add_number(image, number, classes, value, f'of {name}')
            return collector.table(format=self.name, single=single)

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes labels; see :class:`Source`."""
        head = json.dumps({'metainfo': {'classes': table.classes}}, ensure_ascii=False)[:-1]
        single = table.layout.get('single', False)

        def pictures() -> Iterator[Dict[str, Any]]:
            for image in labels_by_image(table):
                labels = image.labels if kind == 'noisy' else image.present()
                said: Dict[str, Any] = {'img_path': image.name, 'gt_label': labels}
                if kind == 'noisy' and any(value != 1 for value in image.values):
                    said[SCORES] = image.values
                if kind == 'verified':
                    said[ABSENT] = image.absent()
                if single and len(labels) == 1 and SCORES not in said:
                    said['gt_label'] = labels[0]
                yield said

        with atomic_write(Path(path)) as file:
            file.writelines(chain(json_list(head + ',\n"data_list": [', pictures(), ']\n}')))


def _classes(metainfo: Dict[str, Any]) -> Optional[List[str]]:
    """The names of the classes, None where the file leaves them to a config."""
    classes = metainfo.get('classes')
    if classes is None and 'categories' in metainfo:
        categories = sorted(metainfo['categories'], key=lambda one: one['id'])
        classes = [one['category_name'] for one in categories]
    if classes is None:
        return None
    return distinct_names([*map(str, range(len(classes)))], [*map(str, classes)])


def _labels(picture: Dict[str, Any], verified: bool) -> Sequence[Tuple[Any, Any]]:
    """Numbers of classes with their confidences or verdicts."""
    labels = picture.get('gt_label')
    if labels is None and 'gt_score' in picture:
        scores = enumerate(picture['gt_score'])
        return [(k, v) for k, v in scores if (v in (0, 1) if verified else v > 0)]
    labels = labels if isinstance(labels, list) else [] if labels is None else [labels]
    if not verified:
        values = picture.get(SCORES) or [None] * len(labels)
        if len(values) != len(labels):
            raise ValueError(f'{counted(len(values), "score")} for {counted(len(labels), "label")}')
        return [*zip(labels, values)]
    absent = picture.get(ABSENT) or ()
    return [*((label, True) for label in labels), *((label, False) for label in absent)]
