"""The labels of an index as a table that any format holds, and as the lists of cleanlab."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from mmnoisy.class_names import distinct_names
from mmnoisy.cleaning.own_labels import own_labels
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.sources.base import SOURCES, Kind, LabelTable
from mmnoisy.datasets.sources.collector import labels_by_image
from mmnoisy.datasets.sources.documents import json_list
from mmnoisy.datasets.sources.list_columns import ARRAY

CLEANLAB = 'cleanlab'
FORMATS = (CLEANLAB, *SOURCES)


def layout_of(name: str, index: LabelIndex, kind: Kind) -> Dict[str, Any]:
    """How the labels of an index are laid out in a format.

    Categories of COCO count from 1 and have the id of their class as ``mid``; a row of Parquet is
    an image, as Hugging Face and webdataset have it.
    """
    if name == 'coco':
        pairs = zip(index.classes, distinct_names(index.classes, index.info['class_names']))
        numbered = enumerate(pairs, 1)
        return dict(categories=[dict(id=k, name=text, mid=mid) for k, (mid, text) in numbered])
    if name == 'parquet':
        columns = dict(
            image='file_name',
            label='labels',
            score='confidences' if kind == 'noisy' else 'verdicts',
        )
        return dict(
            shape='list',
            list_sep=ARRAY,
            **{f'{role}_column': text for role, text in columns.items()},
        )
    return {}


def export_table(index: LabelIndex, template: str, kind: Kind) -> LabelTable:
    """The labels of an index under the paths of its pictures and the names of its classes.

    Args:
        index: whose labels and verdicts are of the same classes.
        template: path of a picture, such as ``{split}/{id}.jpg``.
        kind: the noisy labels, with the verdicts for formats that hold both, or the verdicts.

    Raises:
        InputError: the path of a picture leads out of its folder.
    """
    table = own_labels([index], kind)
    table.images = [index.picture(row, template) for row in range(len(index))]
    table.classes = distinct_names(index.classes, index.info['class_names'])
    if kind == 'noisy' and len(index.verdicts.label):
        table.verdicts = export_table(index, template, 'verified')
    return table


def write_cleanlab(table: LabelTable, folder: Path) -> None:
    """Writes ``labels.json``, ``images.json`` and ``classes.json`` into an existing folder.

    Cleanlab's ``labels`` are the first as they are, the numbers of the classes of each image; its
    ``pred_probs`` are the probabilities of a model, (N, C) in ``pred_probs.npy``, which are
    written where a model is given.
    """
    lists = dict(
        labels=(image.labels for image in labels_by_image(table)),
        images=table.images,
        classes=table.classes,
    )
    for name, items in lists.items():
        with open(folder / f'{name}.json', 'w', encoding='utf-8') as file:
            file.writelines(json_list('[', items, ']'))
