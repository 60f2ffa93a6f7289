"""Label Studio's exports by hand: JSON, JSON_MIN and CSV."""

import csv
import json

import pytest
from label_tables import read, table_of, triples

from mmnoisy.datasets.release.csv_blocks import NO_CONFIDENCE
from mmnoisy.datasets.sources.collector import CONTRADICTION, NO_NAME
from mmnoisy.datasets.sources.label_studio import (
    CANCELLED,
    NO_MAJORITY,
    SAME_VERDICT,
    LabelStudio,
    picture_name,
)
from mmnoisy.datasets.sources.label_studio_min import LabelStudioMin
from mmnoisy.errors import InputError


def choice(*labels, name='animal', **more):
    result = {'id': 'Dx_aB9', 'from_name': name, 'to_name': 'photo', 'origin': 'manual'}
    return {**result, 'type': 'choices', 'value': {'choices': [*labels]}, **more}


def answer(*results, cancelled=False, **more):
    said = {'id': 5, 'completed_by': 1, 'result': [*results], 'was_cancelled': cancelled}
    return {**said, 'ground_truth': False, 'created_at': '2024-05-01T10:00:00Z', **more}


def task(number, address, annotations=(), predictions=(), **data):
    said = {'id': number, 'annotations': [*annotations], 'predictions': [*predictions]}
    return {**said, 'data': {'image': address, **data}, 'meta': {}, 'file_upload': 'x.jpg'}


@pytest.fixture
def write(tmp_path):
    def write(*tasks):
        (tmp_path / 'export.json').write_text(json.dumps(tasks))
        return tmp_path / 'export.json'

    return write


@pytest.mark.parametrize(
    ('address', 'name'),
    [
        ('/data/upload/3/0a1b2c3d-cat.jpg', 'cat.jpg'),
        ('/data/upload/0a1b2c3d-photo_12.b.JPG', 'photo_12.b.JPG'),
        ('/data/upload/3/%E7%8C%AB.jpg', '猫.jpg'),
        ('http://localhost:8080/data/upload/3/0a1b2c3d-a%20b.png', 'a b.png'),
        ('/data/local-files/?d=cats/photo%2012.JPG', 'cats/photo 12.JPG'),
        ('/data/local-files?d=cats/a+b%2Bc.png&x=1', 'cats/a b+c.png'),
        ('https://host/sub/data/local-files/?d=%C3%A9', 'é'),
        ('https://host/cats/1.jpg?size=3', 'https://host/cats/1.jpg?size=3'),
        ('s3://bucket/cats/1%20.jpg', 's3://bucket/cats/1%20.jpg'),
        ('cats/photo%2012.JPG', 'cats/photo%2012.JPG'),
    ],
)
def test_names_of_pictures(address, name):
    assert picture_name(address) == name


def test_predictions_are_noisy_labels_and_annotations_verdicts(write):
    predicted = answer(choice('dog', score=0.25), choice('cat'), score=0.5)
    path = write(
        task(1, '/data/upload/3/0a1b2c3d-1.jpg', [answer(choice('cat'))], [predicted]),
        task(2, '/data/local-files/?d=b/2.jpg', [answer(choice('cat', 'dog'))]),
        task(3, '/data/local-files/?d=b/3.jpg'),
    )
    noisy, verified = read(LabelStudio, path), read(LabelStudio, path, 'verified')
    assert triples(noisy) == {('1.jpg', 'dog', 0.25), ('1.jpg', 'cat', 0.5)}
    assert noisy.images == ['1.jpg', 'b/2.jpg', 'b/3.jpg']
    assert triples(verified) == {('1.jpg', 'cat', 1), ('b/2.jpg', 'cat', 1), ('b/2.jpg', 'dog', 1)}
    assert verified.images == ['1.jpg', 'b/2.jpg']  # nobody has looked at the third
    assert verified.layout == {
        'format': 'label_studio',
        'image_column': 'image',
        'label_column': 'animal',
        'to_name': 'photo',
        'addresses': 'local',
    }


def test_without_predictions_annotations_are_noisy_labels(write):
    path = write(task(1, '1.jpg', [answer(choice('cat'))]))
    assert triples(read(LabelStudio, path)) == {('1.jpg', 'cat', 1)}


def test_absent_is_an_answer_to_another_question(write):
    said = answer(choice('cat'), choice('dog', 'bird', name='absent'))
    assert triples(read(LabelStudio, write(task(1, '1.jpg', [said])), 'verified')) == {
        ('1.jpg', 'cat', 1),
        ('1.jpg', 'dog', 0),
        ('1.jpg', 'bird', 0),
    }


def test_one_choice_may_be_no_list(write):
    said = {**choice(), 'value': {'choices': 'cat'}}
    table = read(LabelStudio, write(task(1, 'a.jpg', [answer(said)])), 'verified')
    assert triples(table) == {('a.jpg', 'cat', 1)}


def test_regions_have_labels_too(write):
    region = {'from_name': 'box', 'to_name': 'photo', 'type': 'rectanglelabels'}
    regions = [
        {**region, 'value': {'x': 1.0, 'width': 3.0, 'rectanglelabels': [label]}}
        for label in ('cat', 'cat', 'dog')
    ]
    text = {**region, 'from_name': 'note', 'type': 'textarea', 'value': {'text': ['cat?']}}
    table = read(LabelStudio, write(task(1, '1.jpg', [answer(*regions, text)])), 'verified')
    assert triples(table) == {('1.jpg', 'cat', 1), ('1.jpg', 'dog', 1)}


def test_what_was_cancelled_is_counted(write):
    said = [answer(choice('dog'), cancelled=True), answer(choice('cat'))]
    path = write(task(1, '1.jpg', said), task(2, '2.jpg', said[:1]))
    table = read(LabelStudio, path, 'verified')
    assert (table.images, triples(table)) == (['1.jpg'], {('1.jpg', 'cat', 1)})
    assert table.account.dropped == {CANCELLED: 2}
    assert table.account.examples == {CANCELLED: 'in task 1'}


def test_most_annotators_are_right(write):
    said = [answer(choice('cat', 'dog')), answer(choice('cat')), answer(choice('dog', 'cow'))]
    said[2]['result'].append(choice('cat', name='absent'))
    table = read(LabelStudio, write(task(1, '1.jpg', said)), 'verified')
    assert triples(table) == {('1.jpg', 'cat', 1), ('1.jpg', 'dog', 1)}
    assert table.account.dropped == {SAME_VERDICT: 2, NO_MAJORITY: 2}


def test_two_that_do_not_agree_leave_no_verdict(write):
    said = [answer(choice('cat')), answer(choice('cat', name='absent'), choice('dog'))]
    table = read(LabelStudio, write(task(1, '1.jpg', said)), 'verified')
    assert (table.images, triples(table)) == (['1.jpg'], set())
    assert table.account.dropped == {NO_MAJORITY: 3}


def test_a_picture_in_two_tasks(write):
    said = [answer(choice('cat'))], [answer(choice('cat', name='absent'))]
    table = read(
        LabelStudio, write(task(1, '1.jpg', said[0]), task(2, '1.jpg', said[1])), 'verified'
    )
    assert (table.images, triples(table)) == (['1.jpg'], set())
    assert table.account.dropped == {CONTRADICTION: 2}


def test_several_questions(write):
    path = write(task(1, '1.jpg', [answer(choice('cat'), choice('good', name='quality'))]))
    with pytest.raises(InputError, match='answers animal, quality; name one with --label-column'):
        read(LabelStudio, path)
    table = read(LabelStudio, path, label_column='quality')
    assert triples(table) == {('1.jpg', 'good', 1)}
    with pytest.raises(InputError, match='answers animal, quality, not size'):
        read(LabelStudio, path, label_column='size')


def test_the_key_of_the_pictures(write):
    said = [answer(choice('cat'))]
    tasks = [task(1, '1.jpg', said, title='a'), task(2, '2.jpg', said, title='b.jpg')]
    assert read(LabelStudio, write(*tasks)).images == ['1.jpg', '2.jpg']
    for one in tasks:
        one['data']['photo'] = one['data'].pop('image')
    assert read(LabelStudio, write(*tasks)).images == ['1.jpg', '2.jpg']  # all are pictures
    tasks[0]['data']['title'] = 'a.jpg'
    with pytest.raises(InputError, match='in one of title, photo; name it with --image-column'):
        read(LabelStudio, write(*tasks))
    assert read(LabelStudio, write(*tasks), image_column='photo').images == ['1.jpg', '2.jpg']
    with pytest.raises(InputError, match='has no url; name one of title, photo'):
        read(LabelStudio, write(*tasks), image_column='url')


def test_what_is_left_out(write):
    said = answer(choice('cat', score=1.5), choice(None, 'dog'))
    table = read(LabelStudio, write(task(1, '1.jpg', [said]), task(2, None, [said])))
    assert triples(table) == {('1.jpg', 'dog', 1)}
    assert table.account.dropped == {NO_CONFIDENCE: 1, NO_NAME: 2}


def test_nobody_has_annotated(write):
    path = write(task(1, '1.jpg', predictions=[answer(choice('cat'))]))
    with pytest.raises(InputError, match=r'export.json: holds no image with a verdict'):
        read(LabelStudio, path, 'verified')


def test_the_shape_that_is_written(tmp_path):
    table = table_of(['a/é 1.jpg'], ['cat', 'dog'], [(0, 1, 0.7), (0, 0, 1)], label_column='animal')
    LabelStudio().write(table, str(tmp_path / 'out.json'), 'noisy')
    (written,) = json.loads((tmp_path / 'out.json').read_text())
    result = {'from_name': 'animal', 'to_name': 'image', 'type': 'choices'}
    choices = {'value': {'choices': ['dog', 'cat']}, 'meta': {'scores': [0.7, 1.0]}}
    assert written == {
        'id': 1,
        'data': {'image': '/data/local-files/?d=a/%C3%A9%201.jpg'},
        'predictions': [
            {'model_version': 'mmnoisy', 'score': 0.7, 'result': [{**result, **choices}]}
        ],
    }


ROW = {
    'id': 1,
    'annotator': 1,
    'annotation_id': 7,
    'created_at': '2024-05-01T10:00:00.000000Z',
    'updated_at': '2024-05-01T10:00:00.000000Z',
    'lead_time': 3.5,
}
UPLOAD = '/data/upload/3/0a1b2c3d-'
ROWS = [
    {**ROW, 'image': f'{UPLOAD}1.jpg', 'animal': 'cat'},
    {**ROW, 'image': f'{UPLOAD}2.jpg', 'animal': {'choices': ['cat', 'dog, big']}},
    {**ROW, 'image': f'{UPLOAD}2.jpg', 'animal': {'choices': ['cat', 'bird']}},
    {**ROW, 'image': f'{UPLOAD}3.jpg', 'annotation_id': None},
]


@pytest.fixture(params=['json', ',', '\t'])
def rows_at(request, tmp_path):
    """Writes rows as JSON_MIN or CSV."""

    def write(rows):
        path = tmp_path / 'project-1.txt'
        if request.param == 'json':
            path.write_text(json.dumps(rows))
            return path
        keys = sorted({key for row in rows for key in row})
        with open(path, 'w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(
                file, keys, quoting=csv.QUOTE_NONNUMERIC, delimiter=request.param
            )
            writer.writeheader()
            for row in rows:
                cells = ((k, json.dumps(v) if isinstance(v, dict) else v) for k, v in row.items())
                writer.writerow(dict(cells))
        return path

    return write


def test_rows_of_annotations(rows_at):
    path = rows_at(ROWS)
    assert LabelStudioMin.recognises(str(path))
    noisy, verified = (read(LabelStudioMin, path, kind) for kind in ('noisy', 'verified'))
    assert noisy.images == ['1.jpg', '2.jpg', '3.jpg']
    assert triples(noisy) == {
        ('1.jpg', 'cat', 1),
        ('2.jpg', 'cat', 1),
        ('2.jpg', 'dog, big', 1),
        ('2.jpg', 'bird', 1),
    }
    assert verified.images == ['1.jpg', '2.jpg']
    assert triples(verified) == {('1.jpg', 'cat', 1), ('2.jpg', 'cat', 1)}
    assert verified.account.dropped == {SAME_VERDICT: 1, NO_MAJORITY: 2}


def test_columns_that_are_not_clear(rows_at):
    path = rows_at([{**ROWS[0], 'place': 'home'}])
    with pytest.raises(InputError, match=r'has the columns animal, place; name one with'):
        read(LabelStudioMin, path)
    assert triples(read(LabelStudioMin, path, label_column='animal')) == {('1.jpg', 'cat', 1)}


def test_a_line_with_other_columns(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_text(
        'annotation_id,annotator,created_at,updated_at,lead_time,image,animal\n1,1,,,2,1.jpg\n'
    )
    with pytest.raises(InputError, match='line 2 has not the columns of the first'):
        read(LabelStudioMin, path)
