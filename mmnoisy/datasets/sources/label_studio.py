"""Label Studio's JSON: tasks with predictions of models and annotations by people."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple
from urllib.parse import quote, unquote, unquote_plus

from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import (
    Collector,
    ImageLabels,
    labels_by_image,
    one_of,
)
from mmnoisy.datasets.sources.documents import (
    as_expected,
    ends_of_json,
    has_keys,
    json_list,
    load_json,
)
from mmnoisy.datasets.sources.storage import is_picture
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write
from mmnoisy.wording import counted

ABSENT = 'absent'
"""The name of a second question (``Choices``), whose answers are classes that are absent."""
LOCAL = '/data/local-files/?d='
"""Before the path of a picture below the folder that Label Studio serves."""
NO_MAJORITY = 'verdicts without a majority of the annotators'
SAME_VERDICT = 'the same verdict of another annotator'
CANCELLED = 'annotations that were cancelled'

Verdicts = Dict[Tuple[str, bool], None]
"""What one annotator says of a picture: classes, and whether they are present."""

_LOCAL = re.compile(r'(?:https?://[^?#]*)?/data/local-files/?\?d=([^&]*).*', re.DOTALL)
_UPLOAD = re.compile(
    r'(?:https?://[^?#]*)?/data/upload/(?:\d+/)?(?:[0-9a-f]{8}-)?([^?#]+).*', re.DOTALL
)


def picture_name(address: Any) -> Any:
    """The name of a picture: its path below the folder that is served, or as it was uploaded.

    ``/data/local-files/?d=cats/photo%2012.JPG`` is ``cats/photo 12.JPG``, and
    ``/data/upload/3/0a1b2c3d-cat.jpg`` is ``cat.jpg``; any other address is itself.
    """
    if not isinstance(address, str):
        return address
    if found := _LOCAL.fullmatch(address):
        return unquote_plus(found[1], errors='surrogateescape')
    if found := _UPLOAD.fullmatch(address):
        return unquote(found[1], errors='surrogateescape')
    return address


def address_like(layout: Dict[str, Any], name: str) -> str:
    """The address of a picture, so that :func:`picture_name` gives its name."""
    plain = layout.get('addresses') == 'plain' and picture_name(name) == name
    return name if plain else LOCAL + quote(name)


def image_key(rows: List[Dict[str, Any]], options: Options, path: str) -> str:
    """The key of the pictures in the data of tasks: as given, ``image``, or the only one.

    Raises:
        InputError: there are several that it could be.
    """
    keys = [*{key: None for row in rows for key in row}]
    if options.image_column is not None:
        if options.image_column not in keys:
            raise InputError(
                f'{path}: has no {options.image_column}; name one of {", ".join(keys)} '
                'with --image-column'
            )
        return options.image_column
    pictures = [key for key in keys if all(is_picture(picture_name(row.get(key))) for row in rows)]
    for found in ([key for key in keys if key == 'image'], pictures, keys):
        if len(found) == 1:
            return found[0]
    raise InputError(
        f'{path}: has the pictures in one of {", ".join(keys) or "no keys"}; '
        'name it with --image-column'
    )


def add_verdicts(collector: Collector, image: int, answers: List[Verdicts], where: str) -> None:
    """Adds what more than half of the annotators say of a picture."""
    votes = Counter(vote for answer in answers for vote in answer)
    for (label, present), count in votes.items():
        if 2 * count > len(answers):
            collector.add(image, label, present, where)
            collector.drop(SAME_VERDICT, f'{label} {where}', count - 1)
        else:
            collector.drop(NO_MAJORITY, f'{label} {where}', count)


def addresses_of(rows: List[Dict[str, Any]], key: str) -> str:
    """``plain`` where all addresses are names as they are, else ``local``."""
    return 'plain' if all(picture_name(row.get(key)) == row.get(key) for row in rows) else 'local'


@register
class LabelStudio(Source):
    """Noisy labels are predictions, verdicts annotations.

    Where nothing was predicted, annotations count as noisy labels too. Of several annotators of a
    task a verdict holds that more than half of them gave; a task that nobody annotated was not
    verified. The confidence is that of a result, else of the prediction; for those of several
    choices in one result we write ``"meta": {"scores": [...]}``. An absent class is an answer to
    a question with the name ``absent``. The layout holds the key of the pictures
    (``image_column``), the question (``label_column``), its ``to_name``, and whether ``addresses``
    are ``plain`` or ``local``.
    """

    name = 'label_studio'
    title = 'Label Studio JSON'
    endings = ('.json',)

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks for a list of tasks with data."""
        text = ends_of_json(path)
        return text.startswith('[') and (
            has_keys(text, 'data')
            and any(has_keys(text, key) for key in ('annotations', 'predictions', 'completions'))
        )

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`. The question is given as the label column."""
        tasks = load_json(path)
        with as_expected(path, self.title):
            key = image_key([task['data'] for task in tasks], options, path)
            part = 'annotations'
            if kind == 'noisy' and any(task.get('predictions') for task in tasks):
                part = 'predictions'
            answers = [_answers(task, part) for task in tasks]
            question = _question(answers, options.label_column, path)
            collector = Collector(path, kind, options)
            for number, (task, given) in enumerate(zip(tasks, answers), 1):
                where = f'in task {task.get("id", number)}'
                kept = [one for one in given if not one.get('was_cancelled')]
                collector.drop(CANCELLED, where, len(given) - len(kept))
                if kind == 'verified' and not kept:
                    continue
                image = collector.image(picture_name(task['data'].get(key)), task['data'])
                if image is None:
                    continue
                if kind == 'verified':
                    add_verdicts(
                        collector, image, [_verdicts(one, question) for one in kept], where
                    )
                else:
                    for one in kept:
                        for label, score in _labels(one, question):
                            collector.add(image, label, score, where)
            return collector.table(
                format=self.name,
                image_column=key,
                label_column=question,
                to_name=_to_name(answers, question),
                addresses=addresses_of([task['data'] for task in tasks], key),
            )

    def write(self, table: LabelTable, path: str, kind: Kind) -> None:
        """Writes labels; see :class:`Source`."""
        layout = table.layout
        key = layout.get('image_column') or 'image'
        part = 'predictions' if kind == 'noisy' else 'annotations'

        def tasks() -> Iterator[Dict[str, Any]]:
            for number, image in enumerate(labels_by_image(table), 1):
                data = {key: address_like(layout, image.name)}
                yield {'id': number, 'data': data, part: _said(image, table, kind)}

        with atomic_write(Path(path)) as file:
            file.writelines(json_list('[', tasks(), ']'))


def _answers(task: Dict[str, Any], part: str) -> List[Dict[str, Any]]:
    if part == 'annotations' and 'annotations' not in task:
        part = 'completions'  # their old name
    return task.get(part) or []


def _choices(result: Dict[str, Any]) -> Optional[List[str]]:
    """The classes in one result: choices, or the labels of a region."""
    kind = result.get('type') or ''
    if kind != 'choices' and not kind.endswith('labels'):
        return None
    choices = (result.get('value') or {}).get(kind) or []
    return [choices] if isinstance(choices, str) else choices


def _results(answer: Dict[str, Any], question: Optional[str]) -> Iterator[Any]:
    """The results of an answer to a question, each with its choices."""
    for result in answer.get('result') or []:
        choices = _choices(result)
        if choices is not None and result.get('from_name') == question:
            yield result, choices


def _question(
    answers: List[List[Dict[str, Any]]], given: Optional[str], path: str
) -> Optional[str]:
    """The question that is given, or the only one that was answered by choices of classes."""
    found = {
        result.get('from_name'): None
        for given in answers
        for answer in given
        for result in answer.get('result') or []
        if _choices(result) is not None
    }
    return one_of([name for name in found if name != ABSENT], given, f'{path}: answers')


def _to_name(answers: List[List[Dict[str, Any]]], question: Optional[str]) -> Optional[str]:
    results = (
        result for given in answers for one in given for result, _ in _results(one, question)
    )
    return next((result.get('to_name') for result in results), None)


def _labels(answer: Dict[str, Any], question: Optional[str]) -> Iterator[Any]:
    """Labels with their confidences."""
    for result, choices in _results(answer, question):
        score = result.get('score')
        score = answer.get('score') if score is None else score
        scores = (result.get('meta') or {}).get('scores') or [score] * len(choices)
        if len(scores) != len(choices):
            raise ValueError(
                f'{counted(len(scores), "score")} for {counted(len(choices), "choice")}'
            )
        yield from zip(choices, scores)


def _verdicts(answer: Dict[str, Any], question: Optional[str]) -> Verdicts:
    return {
        (label, name != ABSENT): None
        for name in (question, ABSENT)
        for _, choices in _results(answer, name)
        for label in choices
    }


def _said(image: ImageLabels, table: LabelTable, kind: Kind) -> List[Dict[str, Any]]:
    """The predictions or annotations of a task."""
    question = table.layout.get('label_column') or 'label'

    def result(name: str, labels: List[int]) -> List[Dict[str, Any]]:
        if not labels:
            return []
        choices = {'choices': [table.classes[k] for k in labels]}
        to_name = table.layout.get('to_name') or 'image'
        return [{'from_name': name, 'to_name': to_name, 'type': 'choices', 'value': choices}]

    if kind == 'verified':
        results = result(question, image.present()) + result(ABSENT, image.absent())
        return [{'result': results, 'was_cancelled': False, 'ground_truth': False}]
    if not image.labels:
        return []
    (labels,) = result(question, image.labels)
    labels['meta'] = {'scores': image.values}
    return [{'model_version': 'mmnoisy', 'score': min(image.values), 'result': [labels]}]
