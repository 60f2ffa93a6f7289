"""One function for each format: the labels of an index into an existing, empty folder."""

from __future__ import annotations

import hashlib
import json
from itertools import count, islice
from pathlib import Path
from typing import Callable, Dict, List

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from mmnoisy.class_names import distinct_names
from mmnoisy.cleaning.exports.images import json_list, labelled_images
from mmnoisy.datasets.label_index import LabelIndex

ROWS_AT_ONCE = 8192


def names_of(index: LabelIndex) -> List[str]:
    """(C) the names of the classes of an index, as every export writes them."""
    return distinct_names(index.classes, index.info['class_names'])


def export_coco(index: LabelIndex, template: str, out: Path) -> None:
    """``labels.json`` in the style of COCO, an annotation for each label of an image.

    Categories count from 1 and have the name and the MID of a class; an annotation has
    ``image_id``, ``category_id`` and the confidence as ``score``. There are no boxes.
    """
    categories = [
        dict(id=k, name=name, mid=mid)
        for k, (mid, name) in enumerate(zip(index.classes, names_of(index)), 1)
    ]
    images, annotations = out / 'images.part', out / 'annotations.part'
    with (
        json_list(images, '"images": [', '],') as add_image,
        json_list(annotations, '"annotations": [', ']') as add_annotation,
    ):
        numbers, annotation_numbers = count(1), count(1)
        for image in labelled_images(index, template):
            number = next(numbers)
            add_image(dict(id=number, file_name=image.picture, image_id=image.image_id))
            for label, score in zip(image.labels, image.confidences):
                of_label = dict(image_id=number, category_id=label + 1, score=score)
                add_annotation(dict(id=next(annotation_numbers), **of_label))
    with open(out / 'labels.json', 'wb') as file:
        file.write(b'{\n"categories": ' + json.dumps(categories).encode() + b',\n')
        for part in (images, annotations):
            with open(part, 'rb') as lines:
                for line in lines:
                    file.write(line)
            part.unlink()
        file.write(b'}\n')


def export_fiftyone(index: LabelIndex, template: str, out: Path) -> None:
    """A folder that FiftyOne imports as ``fiftyone.types.LegacyFiftyOneDataset``.

    It is read by every version, while the other serialised form belongs to one version.

    A sample has the field ``image_id``, the labels as ``Classifications`` in the field ``noisy``,
    with their confidences, and the verdicts, if there are any, in ``verified``: ``present`` or
    ``absent`` is the tag of each. The id of a sample are 24 digits of the SHA-256 of the image's.
    """
    names = names_of(index)
    metadata = dict(
        media_type='image',
        info=dict(subset=index.info['subset'], classes=names, mids=index.classes),
    )
    (out / 'metadata.json').write_text(json.dumps(metadata, ensure_ascii=False), 'utf-8')
    with json_list(out / 'samples.json', '{"samples": [', ']}') as add:
        for image in labelled_images(index, template):
            noisy = [
                dict(_cls='Classification', label=names[k], confidence=c, tags=[])
                for k, c in zip(image.labels, image.confidences)
            ]
            verified = [
                dict(_cls='Classification', label=names[k], tags=[tag])
                for tag, labels in (('present', image.present), ('absent', image.absent))
                for k in labels
            ]
            sample = dict(
                _id={'$oid': hashlib.sha256(image.image_id.encode()).hexdigest()[:24]},
                filepath=image.picture,
                tags=[index.info['subset']],
                image_id=image.image_id,
                noisy=dict(_cls='Classifications', classifications=noisy),
            )
            if verified:
                sample['verified'] = dict(_cls='Classifications', classifications=verified)
            add(sample)


def export_parquet(index: LabelIndex, template: str, out: Path) -> None:
    """``SUBSET.parquet`` with a row for each image, for Hugging Face and webdataset.

    Columns: ``__key__`` (the image id), ``file_name``, ``labels``, ``label_ids`` (MIDs),
    ``label_names``, ``confidences``, ``verified_present`` and ``verified_absent`` (class ids). The
    class list is in the metadata of the file, under ``classes`` and ``class_names``.
    """
    ids, texts = pa.list_(pa.int32()), pa.list_(pa.string())
    schema = pa.schema(
        [
            ('__key__', pa.string()),
            ('file_name', pa.string()),
            ('labels', ids),
            ('label_ids', texts),
            ('label_names', texts),
            ('confidences', pa.list_(pa.float32())),
            ('verified_present', ids),
            ('verified_absent', ids),
        ],
        metadata={
            'classes': json.dumps(index.classes),
            'class_names': json.dumps(names_of(index)),
        },
    )
    texts_of = [np.array(texts, object) for texts in (index.classes, names_of(index))]
    with parquet.ParquetWriter(out / f'{index.info["subset"]}.parquet', schema) as writer:
        images = labelled_images(index, template)
        while block := list(islice(images, ROWS_AT_ONCE)):
            names = [
                tuple(of_class[image.labels].tolist() for image in block) for of_class in texts_of
            ]
            columns = list(zip(*block))
            columns[3:3] = names
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def export_cleanlab(index: LabelIndex, template: str, out: Path) -> None:
    """``labels.json`` and ``images.json``: lists of the class ids and the paths of the pictures.

    Cleanlab's ``labels`` are the first as they are; its ``pred_probs`` are the probabilities of a
    model, (N, C) in ``pred_probs.npy``, which are written where a model is given.
    """
    with (
        json_list(out / 'labels.json', '[', ']') as add_labels,
        json_list(out / 'images.json', '[', ']') as add_picture,
    ):
        for image in labelled_images(index, template):
            add_labels(image.labels)
            add_picture(image.picture)
    (out / 'classes.json').write_text(json.dumps(index.classes), 'utf-8')


FORMATS: Dict[str, Callable[[LabelIndex, str, Path], None]] = {
    'cleanlab': export_cleanlab,
    'coco': export_coco,
    'fiftyone': export_fiftyone,
    'parquet': export_parquet,
}
