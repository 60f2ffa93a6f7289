"""What a report needs to know of the test set: names, frequencies, and images to look at."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import numpy as np

from mmnoisy.class_names import distinct_names
from mmnoisy.datasets.statistics.counts import add_counts, count_labels
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.evaluation import are_noisy, verified_pairs
from mmnoisy.experiments.runs import Evaluated, Example

NUM_EXAMPLES = 24
KNOWN_CLASSES = {('/m/01g317', 'person'), ('/m/07j7r', 'tree')}
"""Of every release of Open Images; ids alone may be anybody's."""


def choose_examples(data: Data, num: int = NUM_EXAMPLES) -> List[int]:
    """Numbers of test images to look at, ascending: chosen at random, but with both verdicts."""
    image, _, present = verified_pairs(data.test, np.arange(len(data.test)))
    both = np.intersect1d(image[present], image[~present])
    chosen = np.random.default_rng(0).permutation(both)[:num]
    return np.sort(chosen).tolist()


def describe(data: Data, examples: List[int], pictures: Optional[Path], template: str) -> Evaluated:
    """The test set as a report shows it.

    Args:
        data: of the comparison.
        examples: of :func:`choose_examples`.
        pictures: root of the pictures; None where there are none to show.
        template: path of a picture below the root, see :mod:`mmnoisy.datasets.pictures.paths`.
    """
    index, num_classes = data.index('test'), len(data.index('train').classes)
    image, class_id, present = verified_pairs(data.test, np.arange(len(data.test)))
    rated = add_counts(
        count_labels(part.noisy, part.verdicts, num_classes)
        for part in (data.index('validation'), index)
    )
    names = index.info['class_names']
    rows = np.arange(len(index)) if index.usable is None else index.usable

    def example(number: int) -> Example:
        row = rows[number]
        label, verdict = index.verdicts.row(row)
        path = pictures and pictures / index.picture(row, template)
        return Example(
            index.image_ids[row],
            path if path and path.is_file() else None,
            label[verdict].tolist(),
            label[~verdict].tolist(),
            index.noisy.row(row)[0].tolist(),
        )

    return Evaluated(
        class_names=distinct_names(index.classes, names),
        class_categories=index.info['class_categories'] or [()] * num_classes,
        image=image,
        class_id=class_id,
        present=present,
        noisy=are_noisy(data.test, image, class_id),
        frequency=np.bincount(data.index('train').noisy.label, minlength=num_classes),
        quality=rated.quality,
        examples=[example(number) for number in examples],
        is_open_images=bool(KNOWN_CLASSES & {*zip(index.classes, map(str.lower, names))}),
    )
