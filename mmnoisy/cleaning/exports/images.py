"""The images of an index one after the other, with their labels (no MM imports)."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, List, NamedTuple

import numpy as np

from mmnoisy.cleaning.streams import number_texts
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.io.progress import progress

BLOCK_IMAGES = 8192


class LabelledImage(NamedTuple):
    """One image of an index.

    Attributes:
        image_id: its id.
        picture: path of its file, relative to the folder of the pictures.
        labels, confidences: of its noisy labels, class ids and numbers in [0, 1].
        present, absent: class ids by verdict.
    """

    image_id: str
    picture: str
    labels: List[int]
    confidences: List[float]
    present: List[int]
    absent: List[int]


def labelled_images(index: LabelIndex, template: str) -> Iterator[LabelledImage]:
    """All images of an index, with a progress bar.

    Args:
        index: the labels.
        template: path of a picture, such as ``{split}/{id}.jpg``.
    """
    rows = range(len(index))
    for first in progress('exporting', rows[::BLOCK_IMAGES], unit='blocks'):
        here = np.array(rows[first : first + BLOCK_IMAGES])
        noisy, verdicts = index.noisy.take(here), index.verdicts.take(here)
        # The decimal texts: 0.7 is to stay 0.7, which as a float32 is 0.69999999.
        noisy = noisy._replace(value=np.array([*map(float, number_texts(noisy.value))]))
        for i, image_id in enumerate(index.image_ids[here]):
            labels, confidences = noisy.row(i)
            rated, present = verdicts.row(i)
            lists = (labels, confidences, rated[present], rated[~present])
            picture = index.picture(int(here[i]), template)
            yield LabelledImage(image_id, picture, *(part.tolist() for part in lists))


@contextmanager
def json_list(path: Path, head: str, tail: str) -> Iterator[Callable[[Any], None]]:
    """Writes a JSON file with one long list in it, item by item.

    Args:
        path: of the file.
        head: the text before the items, such as ``'{"samples": ['``.
        tail: the text after them.

    Yields:
        A function that adds an item.
    """
    with open(path, 'w', encoding='utf-8') as file:
        separator = head + '\n'

        def add(item: Any) -> None:
            nonlocal separator
            file.write(separator + json.dumps(item, ensure_ascii=False))
            separator = ',\n'

        yield add
        file.write((separator if separator.startswith(head) else '\n') + tail + '\n')
