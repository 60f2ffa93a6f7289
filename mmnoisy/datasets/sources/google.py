"""Google's CSV of pictures: ``UNASSIGNED,gs://bucket/a.jpg,cat,dog``, without a header."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pyarrow as pa

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.sources import shapes
from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.csv_rows import all_rows, sample_rows
from mmnoisy.datasets.sources.csv_writing import as_text, quoted
from mmnoisy.datasets.sources.gathering import Cells, gather
from mmnoisy.datasets.sources.list_columns import ARRAY
from mmnoisy.datasets.sources.opening import read_head
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write
from mmnoisy.io.spreadsheet import from_text

_SETS = {'TRAIN', 'TRAINING', 'VALIDATION', 'VALIDATE', 'TEST', 'UNASSIGNED'}
_NO_SET = 'not TRAIN, VALIDATION, TEST or UNASSIGNED in the first cell'


@register
class GoogleSource(Source):
    """A line an image: the set that it is in, its address, its labels.

    There are no confidences: those of a table are not written, and labels of 0 are left out.
    """

    name = 'google'
    title = "Google's CSV"
    endings = ('.csv',)
    scored = False

    @classmethod
    def recognises(cls, path: str) -> bool:
        """By the first cells."""
        try:
            rows = sample_rows(read_head(path)[0], ',', False)
        except InputError:
            return False
        known = sum(row[0].strip() in _SETS and len(row) > 1 for row in rows)
        return bool(rows) and rows[0][0].strip() in _SETS and known > 0.5 * len(rows)

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads a file; the sets of images are left to the splits that are made later."""
        account = Account()
        images: List[str] = []
        labels: List[List[str]] = []
        for row in all_rows(path, ','):
            if row[0].strip() not in {*_SETS, ''} or len(row) < 2:
                account.drop(_NO_SET, 1, repr(','.join(row)[:200]))
                continue
            images.append(from_text(row[1]))
            labels.append([from_text(cell) for cell in row[2:] if cell])
        if not images:
            raise InputError(
                f'{path}: has no row such as UNASSIGNED,a.jpg,cat; give one for each image'
            )
        cells = Cells(
            pa.array(images, pa.string()).dictionary_encode(),
            pa.array(labels, pa.list_(pa.string())),
            form=ARRAY,
        )
        layout = dict(format=self.name, shape='list', list_sep=ARRAY)
        return gather(cells, layout, kind, account, path)

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes a file in which all images are unassigned; see the base class."""
        if kind == 'verified' and not table.value.all():
            raise InputError(
                f'{path}: {self.title} cannot say that a label is absent; write it as --format csv'
            )
        shapes.require_names(table)
        images, classes = (
            quoted(as_text(pa.array(names, pa.string())), ',').to_pylist()
            for names in (table.images, table.classes)
        )
        order, offset = shapes.by_image(table)
        label, present = table.label[order], table.value[order] > 0
        with atomic_write(Path(path), newline='') as file:
            for k, image in enumerate(images):
                here = slice(offset[k], offset[k + 1])
                found = [classes[c] for c in label[here][present[here]]]
                file.write(','.join(['UNASSIGNED', image, *found]) + '\n')
