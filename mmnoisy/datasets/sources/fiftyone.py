"""FiftyOne's exports of image labels: ``labels.json`` with classes, or ``samples.json``."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from mmnoisy.class_names import distinct_names
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import (
    Collector,
    ImageLabels,
    labels_by_image,
    one_of,
)
from mmnoisy.datasets.sources.documents import (
    as_expected,
    ends_of_json,
    has_keys,
    json_list,
    load_json,
)
from mmnoisy.datasets.sources.storage import is_folder, join
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_folder, atomic_write

PRESENT, ABSENT = 'present', 'absent'
"""The attribute in ``labels.json`` that is false, and the tag in ``samples.json``, for absent."""
_SAMPLES = re.compile(r'\{\s*"samples"\s*:\s*\[')
_NUMBERED = re.compile(r'\{\s*("classes"\s*:\s*(\[|null)|"labels"\s*:\s*\{)')
_LABELS = ('Classification', 'Classifications')


@register
class FiftyOne(Source):
    """``FiftyOneImageClassificationDataset``, or ``FiftyOneDataset`` with its old form.

    In ``labels.json`` an image is named as FiftyOne names it, without the ending of its file.
    Verdicts that say absent have the attribute ``present``, false, there, and the tag ``absent``
    in ``samples.json``. The layout holds the ``form`` and the field of samples with
    the labels, ``label_column``. What is written is a folder, or the one file if its name ends in
    ``.json``. Samples have the verdicts beside noisy labels, in the field ``verified``; their ids
    are 24 digits of the SHA-256 of the path.
    """

    name = 'fiftyone'
    title = 'a FiftyOne export'
    endings = ('.json',)

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks into the file, or into those with the two names in the folder."""
        return _form_of(path) is not None

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`. The field is given as the label column."""
        form, file = _form_of(path) or ('labels', path)
        document = load_json(file)
        with as_expected(file, self.title):
            if form == 'labels':
                return _read_labels(
                    document, Collector(file, kind, options, _classes(document) or ())
                )
            samples = document['samples']
            listed = document.get('classes') or _listed(file)
            field = _field(samples, kind, options.label_column, file)
            return _read_samples(samples, field, Collector(file, kind, options, listed))

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes labels; see :class:`Source`."""
        form = 'labels' if table.layout.get('form') == 'labels' else 'samples'
        write = _write_labels if form == 'labels' else _write_samples
        if path.endswith('.json'):
            write(table, Path(path), kind)
            return
        with atomic_folder(Path(path)) as folder:
            write(table, folder / f'{form}.json', kind)
            if form == 'samples':
                metadata = {'media_type': 'image', 'info': {'classes': table.classes}}
                text = json.dumps(metadata, ensure_ascii=False)
                (folder / 'metadata.json').write_text(text, 'utf-8')


def _form_of(path: str) -> Optional[Tuple[str, str]]:
    """The form of an export and its file."""
    if is_folder(path):
        files = (join(path, name) for name in ('samples.json', 'labels.json'))
        return next(filter(None, map(_form_of, files)), None)
    text = ends_of_json(path)
    if _SAMPLES.match(text) or (text.startswith('{') and has_keys(text, 'samples', 'filepath')):
        return 'samples', path
    return ('labels', path) if _NUMBERED.match(text) and has_keys(text, 'labels') else None


def _classes(document: Dict[str, Any]) -> Optional[List[str]]:
    classes = document.get('classes')
    if classes is None:
        return None
    return distinct_names([*map(str, range(len(classes)))], [*map(str, classes)])


def _listed(file: str) -> List[str]:
    """The classes in ``metadata.json`` beside the samples, as this module writes them."""
    try:
        classes = load_json(join(str(Path(file).parent), 'metadata.json'))['info']['classes']
        return [name for name in classes if isinstance(name, str)]
    except (InputError, KeyError, TypeError):
        return []


def _read_labels(document: Dict[str, Any], collector: Collector) -> LabelTable:
    classes = _classes(document)
    value: Any
    for name, said in document['labels'].items():
        image = collector.image(name)
        if image is None:
            continue
        for one in said if isinstance(said, list) else [] if said is None else [said]:
            one = one if isinstance(one, dict) else {'label': one}
            if collector.verified:
                value = (one.get('attributes') or {}).get(PRESENT, True) is not False
            else:
                value = one.get('confidence')
            label = one.get('label')
            if isinstance(label, int) and classes is not None:
                collector.add_number(image, label, classes, value, f'of {name}')
            else:
                collector.add(image, label, value, f'of {name}')
    return collector.table(format=FiftyOne.name, form='labels')


def _read_samples(samples: List, field: Optional[str], collector: Collector) -> LabelTable:
    value: Any
    for sample in samples:
        name = sample.get('filepath')
        image = collector.image(name, sample)
        said = sample.get(field) or {}
        if image is None:
            continue
        for one in said.get('classifications', [said] if 'label' in said else []):
            if collector.verified:
                value = ABSENT not in (one.get('tags') or ())
            else:
                value = one.get('confidence')
            collector.add(image, one.get('label'), value, f'of {name}')
    return collector.table(format=FiftyOne.name, form='samples', label_column=field)


def _field(samples: List, kind: Kind, given: Optional[str], file: str) -> Optional[str]:
    """The field with the labels: as given, that of this kind, or the only one."""
    found = {
        key: None
        for sample in samples
        for key, said in sample.items()
        if isinstance(said, dict) and said.get('_cls') in _LABELS
    }
    fields = [kind] if kind in found and given is None else [*found]
    return one_of(fields, given, f'{file}: has labels in')


def _write_labels(table: LabelTable, path: Path, kind: Kind) -> None:
    def label(number: int, value: float) -> Dict[str, Any]:
        if kind == 'noisy':
            return {'label': number, 'confidence': value}
        return {'label': number, 'attributes': {PRESENT: bool(value)}}

    def entries() -> Iterator[str]:
        separator = ''
        for image in labels_by_image(table):
            said = [label(*one) for one in zip(image.labels, image.values)]
            key = json.dumps(image.name, ensure_ascii=False)
            yield f'{separator}{key}: {json.dumps(said) if said else "null"}'
            separator = ',\n'

    with atomic_write(path) as file:
        classes = json.dumps(table.classes, ensure_ascii=False)
        file.writelines(chain([f'{{"classes": {classes},\n"labels": {{\n'], entries(), ['\n}}\n']))


def _write_samples(table: LabelTable, path: Path, kind: Kind) -> None:
    fields: Dict[str, Tuple[Kind, LabelTable]] = {
        table.layout.get('label_column') or kind: (kind, table)
    }
    if table.verdicts is not None:
        fields.setdefault('verified', ('verified', table.verdicts))

    def label(name: str, value: float, kind: Kind) -> Dict[str, Any]:
        said: Dict[str, Any] = {'_cls': _LABELS[0], 'label': name, 'tags': []}
        if kind == 'noisy':
            said['confidence'] = value
        else:
            said['tags'] = [PRESENT if value else ABSENT]
        return said

    def sample(*parts: ImageLabels) -> Dict[str, Any]:
        name = parts[0].name
        said = {
            '_id': {'$oid': hashlib.sha256(name.encode()).hexdigest()[:24]},
            'filepath': name,
            'tags': [],
        }
        for number, (field, (of_field, _)) in enumerate(fields.items()):
            labels, values = parts[number].labels, parts[number].values
            found = [label(table.classes[k], v, of_field) for k, v in zip(labels, values)]
            if found or not number:
                said[field] = {'_cls': _LABELS[1], 'classifications': found}
        return said

    with atomic_write(path) as file:
        samples = map(sample, *(labels_by_image(part) for _, part in fields.values()))
        file.writelines(json_list('{"samples": [', samples, ']}'))
