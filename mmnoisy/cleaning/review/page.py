"""The page on which somebody gives verdicts on a queue: no server, no network.

It asks about one label after the other, by keyboard or by buttons, keeps the progress in the
browser and saves a ``verdicts.csv`` such as :func:`mmnoisy.cleaning.review.queue.write_queue`
leaves to be filled in.
"""

from __future__ import annotations

import csv
import hashlib
import os.path
from io import StringIO
from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Sequence

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from mmnoisy.class_names import distinct_names
from mmnoisy.cleaning.pairs import clip
from mmnoisy.cleaning.review.queue import Queue
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.csv_blocks import LABEL_COLUMNS
from mmnoisy.io.atomic import atomic_write
from mmnoisy.io.spreadsheet import as_text
from mmnoisy.reporting.pages import render_page


class Asked(NamedTuple):
    """A label that the page asks about.

    Attributes:
        image_id: of the image.
        class_id: of the label, and what the file of verdicts calls it.
        name: of the class, to be shown.
        before: confidence of the machine.
        cleaned: value after cleaning.
        score: probability by the classifier.
        address: of the picture, relative to the page; None where there is none.
    """

    image_id: str
    class_id: str
    name: str
    before: float
    cleaned: float
    score: float
    address: Optional[str] = None


def asked_about(queue: Queue, index: LabelIndex, addresses: Sequence[Optional[str]]) -> List[Asked]:
    """The labels of a queue as the page shows them.

    Args:
        queue: of n labels.
        index: of their images.
        addresses: (n,) of their pictures, see :class:`Asked`.
    """
    names = distinct_names(index.classes, index.info['class_names'])
    pairs = queue.pairs
    columns = zip(
        index.image_ids[pairs['image']],
        pairs['label'].tolist(),
        pairs['before'].tolist(),
        clip(pairs['raw']).tolist(),
        pairs['score'].tolist(),
        addresses,
    )
    return [Asked(i, index.classes[k], names[k], *rest) for i, k, *rest in columns]


def write_review(path: Path, title: str, labels: Sequence[Asked], command: str) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: of the page.
        title: of it.
        labels: to ask about, the first one first.
        command: that feeds the saved file back.

    Raises:
        InputError: it cannot be written.
    """
    page = render_page(
        'mmnoisy.cleaning.review',
        'review.html',
        ['verdicts.js', 'review.js'],
        title=title,
        command=command,
        data=as_json(labels),
    )
    with atomic_write(path) as file:
        file.write(page)


def as_json(labels: Sequence[Asked]) -> Markup:
    """The labels for the script of the page, safe inside HTML.

    ``key`` names the queue among those that a browser keeps; ``header`` is the first line of the
    file of verdicts; ``prefix`` is what all addresses begin with; ``labels`` are lists of the name,
    the id of the image, the rest of the address or null, confidence, cleaned value, score, and the
    line of the file without its verdict, which stands at its end.
    """
    found = [label.address for label in labels if label.address]
    prefix = os.path.commonprefix(found)  # noqa: RUF071, of characters
    lines = [_line(as_text(one.image_id), 'verification', as_text(one.class_id)) for one in labels]
    rows: List[List[Any]] = [
        [
            label.name,
            label.image_id,
            label.address and label.address[len(prefix) :],
            *(round(float(value), 4) for value in label[3:6]),
            line + ',',
        ]
        for label, line in zip(labels, lines)
    ]
    key = 'mmnoisy review ' + hashlib.sha256('\n'.join(lines).encode()).hexdigest()[:16]
    values = dict(key=key, header=_line(*LABEL_COLUMNS) + '\n', prefix=prefix, labels=rows)
    return htmlsafe_json_dumps(values, separators=(',', ':'))


def _line(*cells: str) -> str:
    """A line of a CSV file, without its end."""
    text = StringIO()
    csv.writer(text, lineterminator='\r\n').writerow(cells)
    return text.getvalue()[:-2]
