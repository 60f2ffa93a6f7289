"""Label statistics of the indexes of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np

from mmnoisy.class_names import distinct_names
from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.statistics.counts import (
    CategoryRow,
    LabelCounts,
    add_counts,
    category_rows,
    count_labels,
    group_classes,
)
from mmnoisy.errors import InputError


@dataclass
class DatasetStatistics:
    """What Table 1 and Figure 4 show.

    Attributes:
        classes: (C) MIDs.
        names: (C) their names, no two alike.
        categories: (C) the categories of each class, maybe none.
        machine: (C,) machine labels by class, for each subset.
        rated: the counts of validation and test together, the paper's validation set.
    """

    classes: List[str]
    names: List[str]
    categories: List[List[str]]
    machine: Dict[str, np.ndarray]
    rated: LabelCounts

    @property
    def frequency(self) -> np.ndarray:
        """(C,) machine labels by class, all subsets together."""
        return np.sum(list(self.machine.values()), axis=0)

    def table(self) -> List[CategoryRow]:
        """The rows of Table 1, the last one the total."""
        return category_rows(group_classes(self.categories), self.frequency, self.rated)


_MEND = 'give an index whose verdicts are on the noisy labels'


def open_indexes(folder: Path) -> Dict[str, LabelIndex]:
    """Opens the label indexes in ``folder``, or ``folder`` itself if it is one.

    Returns:
        The indexes by subset, all of the same classes.

    Raises:
        InputError: there is no index, one cannot be opened, or classes differ.
    """
    found = [name for name in SUBSETS if (folder / name).is_dir()]
    if not found:
        index = LabelIndex.open(folder)
        index.require_one_vocabulary(folder, _MEND)
        return {index.info.get('subset', folder.name): index}
    indexes = {name: LabelIndex.open(folder / name) for name in found}
    indexes[found[0]].require_one_vocabulary(folder / found[0], _MEND)
    first = indexes[found[0]].classes
    for name, index in indexes.items():
        if index.classes != first:
            raise InputError(
                f'{folder / name}: its {len(index.classes)} classes are not the {len(first)} of '
                f'{found[0]}; prepare all subsets together with tools/prepare_openimages.py'
            )
    return indexes


def dataset_statistics(
    indexes: Dict[str, LabelIndex], categories: Optional[List[List[str]]] = None
) -> DatasetStatistics:
    """Counts the labels of the indexes of a data set.

    Args:
        indexes: at least one, of the same classes, by subset. The verdicts of ``train`` count
            only where there is no other.
        categories: (C) the categories of each class; by default those of the index.
    """
    info = next(iter(indexes.values())).info
    num_classes = len(info['classes'])
    counts = {
        name: count_labels(index.noisy, index.verdicts, num_classes)
        for name, index in indexes.items()
    }
    rated = [count for name, count in counts.items() if name != 'train']
    return DatasetStatistics(
        info['classes'],
        distinct_names(info['classes'], info['class_names']),
        categories or info['class_categories'] or [[] for _ in range(num_classes)],
        {name: count.machine for name, count in counts.items()},
        add_counts(rated or counts.values()),
    )
