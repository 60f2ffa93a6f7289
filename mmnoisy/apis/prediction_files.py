"""Predictions as files: as Open Images or one JSON object a line, or as the files of an owner."""

from __future__ import annotations

import csv
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from mmnoisy.datasets.sources.base import SOURCES, LabelTable
from mmnoisy.datasets.sources.reading import write_labels
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write
from mmnoisy.io.spreadsheet import as_text


class Label(NamedTuple):
    """A label of a picture.

    Attributes:
        label_name: as in the class list, a MID.
        class_name: for people.
        score: in [0, 1], six digits.
    """

    label_name: str
    class_name: str
    score: float


Add = Callable[[str, List[Label]], None]

CSV_COLUMNS = ('ImageID', 'Source', 'LabelName', 'Confidence', 'DisplayName')


def labels_of(prediction: Dict[str, Any], label_names: Sequence[str]) -> List[Label]:
    """The labels of one picture, best first.

    Args:
        prediction: of :class:`mmnoisy.apis.MultiLabelInferencer`.
        label_names: (C,) MIDs.
    """
    labels = prediction['pred_labels'].tolist()
    scores = prediction['pred_scores'][prediction['pred_labels']].tolist()
    return [
        Label(label_names[k], name, round(score, 6))
        for k, name, score in zip(labels, prediction['pred_classes'], scores)
    ]


def check_suffix(path: Path) -> None:
    """Refuses a name that says nothing of the format.

    Raises:
        InputError: it is neither ``.csv`` nor ``.jsonl``.
    """
    if path.suffix not in _KINDS:
        raise InputError(f'{path}: its suffix is {path.suffix!r}; give {" or ".join(_KINDS)}')


@contextmanager
def prediction_file(path: Path) -> Iterator[Add]:
    """A function that adds the labels of one picture to a file, which appears at the end.

    ``.csv``: a row for each label, ``ImageID,Source,LabelName,Confidence,DisplayName``; a picture
    without labels has none. ``.jsonl``: a line for each picture, ``{"path": ..., "labels":
    [{"label_name", "class_name", "score"}, ...]}``. Labels come best first.

    Args:
        path: with one of the two suffixes.

    Raises:
        InputError: another suffix, or the disk is full.
    """
    check_suffix(path)
    with atomic_write(path, newline='') as file:
        yield _KINDS[path.suffix](file)


def own_layout(layout: Mapping[str, Any]) -> Dict[str, Any]:
    """The layout of a file of predictions for a project: that of its file of noisy labels.

    Where that format is read only or holds no confidences there is none.

    Args:
        layout: of the file of noisy labels.
    """
    source = SOURCES.get(layout.get('format', ''))
    return {**layout} if source and source.scored and not source.unwritten else {}


@contextmanager
def own_prediction_file(
    path: Path,
    label_names: Sequence[str],
    layout: Mapping[str, Any],
    format: Optional[str] = None,
) -> Iterator[Add]:
    """The same as :func:`prediction_file` in the words and the form of the owner of a project.

    Pictures are named by their paths, labels by their names; the columns are those of the file of
    noisy labels where the format is the same. A picture without labels is listed, too.

    Args:
        path: of the file.
        label_names: (C,) names of the classes.
        layout: of :func:`own_layout`.
        format: the name of another one.

    Raises:
        InputError: the format cannot hold these names, or the file not be written.
    """
    names: List[str] = []
    image: List[int] = []
    label: List[int] = []
    value: List[float] = []
    number = {name: k for k, name in enumerate(label_names)}

    def add(name: str, labels: List[Label]) -> None:
        image.extend([len(names)] * len(labels))
        label.extend(number[one.label_name] for one in labels)
        value.extend(one.score for one in labels)
        names.append(name.replace(os.sep, '/'))

    yield add
    columns = np.array(image), np.array(label), np.array(value)
    table = LabelTable(names, [*label_names], *columns, layout={})
    write_labels(table, path, 'noisy', layout, format)


def _csv(file: Any) -> Add:
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(CSV_COLUMNS)

    def write(name: str, labels: List[Label]) -> None:
        writer.writerows(
            (as_text(name), 'machine', as_text(mid), score, as_text(shown))
            for mid, shown, score in labels
        )

    return write


def _json_lines(file: Any) -> Add:
    def write(name: str, labels: List[Label]) -> None:
        line = dict(path=name, labels=[label._asdict() for label in labels])
        file.write(json.dumps(line, ensure_ascii=False) + '\n')

    return write


_KINDS = {'.csv': _csv, '.jsonl': _json_lines}
