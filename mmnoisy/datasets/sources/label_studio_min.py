"""Label Studio's shorter exports, JSON_MIN and CSV: a row for each annotation."""

from __future__ import annotations

import csv
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import Collector, labels_by_image, one_of
from mmnoisy.datasets.sources.documents import (
    as_expected,
    ends_of_json,
    has_keys,
    json_cell,
    json_list,
    load_json,
    read_csv,
    write_csv,
)
from mmnoisy.datasets.sources.label_studio import (
    ABSENT,
    Verdicts,
    add_verdicts,
    address_like,
    addresses_of,
    image_key,
    picture_name,
)
from mmnoisy.datasets.sources.storage import read_ends
from mmnoisy.io.atomic import atomic_write
from mmnoisy.wording import counted

_ALWAYS = ('annotation_id', 'annotator', 'created_at', 'updated_at', 'lead_time')
_OWN = ('id', *_ALWAYS, 'agreement', 'history')
SCORES = '_scores'
"""The end of the column that we write the confidences of noisy labels into."""


@register
class LabelStudioMin(Source):
    """An answer of one choice is its text there, one of several ``{"choices": [...]}``.

    Annotations are verdicts or noisy labels as asked for, and of several annotators a verdict
    holds as in :class:`LabelStudio`. An absent class is an answer in the column ``absent``. The
    layout is that of :class:`LabelStudio`, with ``sep`` of a CSV file and none of JSON.
    """

    name = 'label_studio_min'
    title = "Label Studio's CSV and JSON_MIN"
    endings = ('.json', '.csv')

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks for the columns that Label Studio always writes."""
        text = ends_of_json(path)
        if text:
            return text.startswith('[') and has_keys(text, *_ALWAYS)
        return _separator(read_ends(path)) is not None

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`. The question is given as the label column."""
        sep = None if ends_of_json(path) else options.sep or _separator(read_ends(path)) or ','
        rows = load_json(path) if sep is None else read_csv(path, sep)
        with as_expected(path, self.title):
            columns = [key for key in _keys(rows) if key not in _OWN]
            data = [{key: row.get(key) for key in columns} for row in rows]
            key = image_key(data, options, path)
            ours = [key, ABSENT, *(column + SCORES for column in columns)]
            answers = [column for column in columns if column not in ours]
            question = one_of(answers, options.label_column, f'{path}: has the columns')
            collector = Collector(path, kind, options)
            _add(collector, rows, key, question or '')
            return collector.table(
                format=self.name,
                image_column=key,
                label_column=question,
                addresses=addresses_of(data, key),
                **({} if sep is None else {'sep': sep}),
            )

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes labels; see :class:`Source`. As CSV by the layout, or the end of the name."""
        sep = table.layout.get('sep') or (None if path.endswith('.json') else ',')
        rows = _rows(table, kind)
        if sep is None:
            with atomic_write(Path(path)) as file:
                file.writelines(json_list('[', rows, ']'))
            return
        key, question = _names(table)
        answers = [question + SCORES] if kind == 'noisy' else [ABSENT]
        write_csv(path, ['id', key, question, *answers, *_ALWAYS], rows, sep)


def _separator(data: bytes) -> Optional[str]:
    """What separates the columns of a CSV file of Label Studio, None if it is none."""
    line = data.decode('utf-8-sig', 'replace').partition('\n')[0].rstrip('\r')
    with suppress(csv.Error):
        for sep in ',\t;':
            if {*_ALWAYS} <= {*next(csv.reader([line], delimiter=sep))}:
                return sep
    return None


def _keys(rows: Sequence[Dict[str, Any]]) -> List[str]:
    return [*{key: None for row in rows for key in row}]


def _add(collector: Collector, rows: List[Dict[str, Any]], key: str, question: str) -> None:
    answers: Dict[int, List[Verdicts]] = defaultdict(list)
    for number, row in enumerate(rows, 1):
        where = f'in row {number}'
        nobody = row.get('annotation_id') in (None, '')
        if collector.verified and nobody:
            continue
        image = collector.image(picture_name(row.get(key)), row)
        if image is None:
            continue
        labels = _labels(row.get(question))
        if collector.verified:
            said = dict.fromkeys((label, True) for label in labels)
            said.update(dict.fromkeys((label, False) for label in _labels(row.get(ABSENT))))
            answers[image].append(said)
            continue
        scores = json_cell(row.get(question + SCORES)) or [None] * len(labels)
        if len(scores) != len(labels):
            raise ValueError(
                f'{counted(len(scores), "score")} for {counted(len(labels), "choice")} {where}'
            )
        for label, score in zip(labels, scores):
            collector.add(image, label, score, where)
    for image, all_said in answers.items():
        add_verdicts(collector, image, all_said, f'of picture {image + 1}')


def _labels(value: Any) -> List[Any]:
    """The choices of an answer, or the labels of its regions."""
    value = json_cell(value)
    if isinstance(value, list):
        return [label for one in value for label in _labels(one)]
    if isinstance(value, dict):
        lists = (value[key] for key in value if key == 'choices' or key.endswith('labels'))
        return [label for labels in lists for label in labels]
    return [] if value in (None, '') else [value]


def _names(table: LabelTable) -> Tuple[str, str]:
    """The columns of the pictures and of the answers."""
    return table.layout.get('image_column') or 'image', table.layout.get('label_column') or 'label'


def _rows(table: LabelTable, kind: Kind) -> Iterator[Dict[str, Any]]:
    key, question = _names(table)

    def answer(labels: List[int]) -> Any:
        names = [table.classes[label] for label in labels]
        plain = len(names) == 1 and not names[0].startswith(('{', '['))
        return names[0] if plain else {'choices': names} if names else None

    for number, image in enumerate(labels_by_image(table), 1):
        row = {'id': number, key: address_like(table.layout, image.name)}
        if kind == 'noisy':
            row.update({question: answer(image.labels), question + SCORES: image.values})
        else:
            row.update({question: answer(image.present()), ABSENT: answer(image.absent())})
        yield {**row, **dict.fromkeys(_ALWAYS), 'annotation_id': number, 'annotator': 1}
