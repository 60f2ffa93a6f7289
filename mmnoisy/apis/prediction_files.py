"""Predictions as files: CSV in the manner of Open Images, or one JSON object a line."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Sequence

from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write
from mmnoisy.io.spreadsheet import as_text

Add = Callable[[str, Dict[str, Any]], None]

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
            scores = prediction['pred_scores'][prediction['pred_labels']].tolist()
            mids = [label_names[k] for k in labels]
            write(name, [*zip(mids, prediction['pred_classes'], (round(s, 6) for s in scores))])

        yield add


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
