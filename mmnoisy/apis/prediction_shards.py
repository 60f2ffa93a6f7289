"""The shards of predictions: labels of pictures as Arrow tables, which become Parquet files."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa

from mmnoisy.apis.inferencer import MultiLabelInferencer
from mmnoisy.apis.picture_shards import PictureShard
from mmnoisy.apis.pictures import LeftOut
from mmnoisy.apis.prediction_files import Label, labels_of
from mmnoisy.engine.distributed.shard_jobs import Compute

SCHEMA = pa.schema(
    {
        'path': pa.string(),
        'labels': pa.list_(pa.string()),
        'scores': pa.list_(pa.float64()),
        'display_names': pa.list_(pa.string()),
        'reason': pa.string(),
        'error': pa.string(),
    }
)
"""A row a picture, labels best first; one that cannot be read has a reason and a sentence."""


class Batches(NamedTuple):
    """How pictures go through the classifier.

    Attributes:
        batch_size: pictures at once.
        every: of the frames of a video take the first of every so many.
        root: names are paths below this folder; None: as they are.
    """

    batch_size: int = 32
    every: int = 1
    root: Optional[str] = None


def prediction_tables(
    inferencer: MultiLabelInferencer, shards: Sequence[PictureShard], batches: Batches
) -> Compute:
    """The labels of shards of pictures.

    Args:
        inferencer: the classifier.
        shards: the pictures.
        batches: how they go through it; each begins with a shard.
    """

    def compute(numbers: Iterable[int]) -> Iterator[pa.Table]:
        for number in numbers:
            left_out: List[LeftOut] = []
            pictures = shards[number].pictures(batches.every)
            rows: List[Dict[str, Any]] = []
            for name, prediction in inferencer.stream(
                pictures, batches.batch_size, left_out=left_out
            ):
                labels = labels_of(prediction, inferencer.label_names)
                rows.append(
                    dict(
                        path=shown(name, batches.root),
                        labels=[label.label_name for label in labels],
                        scores=[label.score for label in labels],
                        display_names=[label.class_name for label in labels],
                    )
                )
            for one in left_out:
                name = shown(one.name, batches.root)
                rows.append(dict(path=name, reason=one.reason, error=one.error))
            yield pa.Table.from_pylist(rows, SCHEMA)

    return compute


def labels_of_table(table: pa.Table, left_out: List[LeftOut]) -> Iterator[Tuple[str, List[Label]]]:
    """Names and labels of the pictures of a shard.

    Args:
        table: of it.
        left_out: collects those that could not be read.
    """
    for row in table.to_pylist():
        if row['reason'] is None:
            columns = (row[key] for key in ('labels', 'display_names', 'scores'))
            yield row['path'], [Label(*label) for label in zip(*columns)]
        else:
            left_out.append(LeftOut(row['path'], row['reason'], row['error']))


def shown(name: str, root: Optional[str]) -> str:
    """The name of a picture in a file: its path below a folder; None: as it is."""
    return name if root is None else os.path.relpath(name, root)
