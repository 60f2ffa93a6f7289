"""Predictions as files: as Open Images or one JSON object a line, or as the files of an owner."""

from __future__ import annotations

import csv
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence

import numpy as np

from mmnoisy.datasets.sources.base import LabelTable
from mmnoisy.datasets.sources.reading import require_written, write_labels
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write
from mmnoisy.io.spreadsheet import as_text

Add = Callable[[str, Dict[str, Any]], None]

TABLES = ('csv', 'jsonl', 'parquet')
_ENDINGS = {'.csv': 'csv', '.tsv': 'csv', '.jsonl': 'jsonl', '.parquet': 'parquet'}

CSV_COLUMNS = ('ImageID', 'Source', 'LabelName', 'Confidence', 'DisplayName')


@contextmanager
def prediction_file(path: Path, label_names: Sequence[str]) -> Iterator[Add]:
    """A function that adds the prediction of one picture to a file, which appears at the end.

    ``.csv``: a row for each label, ``ImageID,Source,LabelName,Confidence,DisplayName``; a picture
    without labels has none. ``.jsonl``: a line for each picture, ``{"path": ..., "labels":
    [{"label_name", "class_name", "score"}, ...]}``. Labels come best first.

    Args:
        path: with one of the two suffixes.
        label_names: (C,) MIDs.

    Raises:
        InputError: another suffix, or the disk is full.
    """
    kinds = {'.csv': _csv, '.jsonl': _json_lines}
    if path.suffix not in kinds:
        raise InputError(f'{path}: its suffix is {path.suffix!r}; give {" or ".join(kinds)}')
    with atomic_write(path, newline='') as file:
        write = kinds[path.suffix](file)

        def add(name: str, prediction: Dict[str, Any]) -> None:
            labels = prediction['pred_labels'].tolist()
            mids = [label_names[k] for k in labels]
            write(name, [*zip(mids, prediction['pred_classes'], _scores(prediction))])

        yield add


def own_format(path: Path, layout: Mapping[str, Any], format: Optional[str] = None) -> str:
    """The format of a file of predictions for a project.

    It is the one that is given, or that the ending of the file says, or that of the project's file
    of noisy labels where that is a table; else CSV.

    Args:
        path: of the file.
        layout: of the file of noisy labels.
        format: given by the user.

    Raises:
        InputError: the format is unknown or read only.
    """
    own = layout.get('format')
    found = format or _ENDINGS.get(path.suffix.lower()) or (own if own in TABLES else 'csv')
    require_written(path, layout, found)
    return found


@contextmanager
def own_prediction_file(
    path: Path, label_names: Sequence[str], layout: Mapping[str, Any], format: str
) -> Iterator[Add]:
    """The same as :func:`prediction_file` in the words and the form of the owner of a project.

    Pictures are named by their paths, labels by their names; the columns are those of the file of
    noisy labels where the format is the same. A picture without labels is listed, too.

    Args:
        path: of the file.
        label_names: (C,) names of the classes.
        layout: of the file of noisy labels.
        format: of :func:`own_format`.

    Raises:
        InputError: the format cannot hold these names, or the file not be written.
    """
    names: List[str] = []
    image: List[int] = []
    label: List[int] = []
    value: List[float] = []

    def add(name: str, prediction: Dict[str, Any]) -> None:
        labels = prediction['pred_labels'].tolist()
        image.extend([len(names)] * len(labels))
        label.extend(labels)
        value.extend(_scores(prediction))
        names.append(name.replace(os.sep, '/'))

    yield add
    columns = np.array(image), np.array(label), np.array(value)
    table = LabelTable(names, [*label_names], *columns, layout={})
    write_labels(table, path, 'noisy', layout, format)


def _scores(prediction: Dict[str, Any]) -> List[float]:
    """Scores of the labels, (k,)."""
    scores = prediction['pred_scores'][prediction['pred_labels']].tolist()
    return [round(score, 6) for score in scores]


def _csv(file: Any) -> Callable[[str, list], None]:
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(CSV_COLUMNS)

    def write(name: str, labels: list) -> None:
        writer.writerows(
            (as_text(name), 'machine', as_text(mid), score, as_text(shown))
            for mid, shown, score in labels
        )

    return write


def _json_lines(file: Any) -> Callable[[str, list], None]:
    keys = ('label_name', 'class_name', 'score')

    def write(name: str, labels: list) -> None:
        line = dict(path=name, labels=[dict(zip(keys, label)) for label in labels])
        file.write(json.dumps(line, ensure_ascii=False) + '\n')

    return write
