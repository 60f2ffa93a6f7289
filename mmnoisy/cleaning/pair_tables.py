"""The shards of a cleaned data set: its labels as Arrow tables, which become Parquet files.

.. code-block:: none

    image_id, label    texts
    confidence         of the label from now on; NaN where it is removed
    before             confidence of the noisy label; NaN where it was not there
    kind               kept, removed or added
    cleaned            value of the cleaning network in [0, 1]; NaN where it did not look
    classifier         its probability; NaN likewise
    row, class_number  of the image in its shard, and of the class, to read it back

``mmnoisy import --labels FOLDER`` reads them as labels, without those that are removed.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mmnoisy.cleaning.pairs import KINDS, PAIR, Rule, clip, decide
from mmnoisy.datasets.label_index import LabelIndex

# Column of a table: field of a pair.
_FIELDS = dict(
    image='row', label='class_number', before='before', raw='cleaned', score='classifier'
)


def table_of_pairs(pairs: np.ndarray, index: LabelIndex, first: int, rule: Rule) -> pa.Table:
    """The table of a shard.

    Args:
        pairs: (P,) of type ``PAIR``.
        index: of the images.
        first: row of the first image of the shard.
        rule: what becomes of the pairs.
    """
    outcome = decide(pairs, rule)
    ids = index.image_ids[pairs['image'].astype(np.int64) + first]
    return pa.table(
        {
            'image_id': ids.to_arrow().cast(pa.large_string()),
            'label': _named(index.classes, pairs['label']),
            'confidence': outcome.after,
            'before': pairs['before'],
            'kind': _named(KINDS, outcome.kind),
            'cleaned': clip(pairs['raw']),
            'classifier': pairs['score'],
            'row': pairs['image'],
            'class_number': pairs['label'],
        }
    )


def pairs_of_table(table: pa.Table) -> np.ndarray:
    """The pairs (P,) of type ``PAIR`` of the table of a shard; ``raw`` is clipped."""
    pairs = np.empty(len(table), PAIR)
    for name, column in _FIELDS.items():
        pairs[name] = table[column].to_numpy()
    return pairs


def _named(names: list | tuple, numbers: np.ndarray) -> pa.Array:
    codes = pa.array(numbers.astype(np.int32))
    return pa.DictionaryArray.from_arrays(
        codes, pa.array([*names], pa.string())
    ).dictionary_decode()
