"""The shards of predictions: labels of pictures as Arrow tables, which become Parquet files."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence

import pyarrow as pa

from mmnoisy.apis.inferencer import MultiLabelInferencer
from mmnoisy.apis.picture_shards import PictureShard
from mmnoisy.apis.pictures import LeftOut
from mmnoisy.apis.prediction_files import Label, labels_of
from mmnoisy.engine.distributed.shard_jobs import Compute

# A row a picture; one without a label for a reason has the reason and a sentence with it.
SCHEMA = pa.schema(
    {
        'path': pa.string(),
        'labels': pa.list_(
            pa.struct({'label_name': pa.string(), 'class_name': pa.string(), 'score': pa.float64()})
        ),
        'reason': pa.string(),
        'error': pa.string(),
    }
)


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
            rows: List[Dict[str, Any]] = [
                dict(path=_shown(name, batches.root), labels=_plain(inferencer, prediction))
                for name, prediction in inferencer.stream(
                    pictures, batches.batch_size, left_out=left_out
                )
            ]
            for one in left_out:
                shown = _shown(one.name, batches.root)
                rows.append(dict(path=shown, reason=one.reason, error=one.error))
            yield pa.Table.from_pylist(rows, SCHEMA)

    return compute


def labels_of_table(table: pa.Table, left_out: List[LeftOut]) -> Iterator[tuple[str, List[Label]]]:
    """Names and labels of the pictures of a shard.

    Args:
        table: of it.
        left_out: collects those that could not be read.
    """
    for row in table.to_pylist():
        if row['reason'] is None:
            yield row['path'], [Label(**label) for label in row['labels']]
        else:
            left_out.append(LeftOut(row['path'], row['reason'], row['error']))


def _plain(inferencer: MultiLabelInferencer, prediction: Dict[str, Any]) -> List[Dict[str, Any]]:
    return [label._asdict() for label in labels_of(prediction, inferencer.label_names)]


def _shown(name: str, root: Optional[str]) -> str:
    return name if root is None else os.path.relpath(name, root)
