"""Predictions as files: CSV in the manner of Open Images, or one JSON object a line."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence

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
