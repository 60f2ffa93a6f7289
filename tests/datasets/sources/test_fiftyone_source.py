"""FiftyOne's exports by hand."""

import hashlib
import json

import pytest
from label_tables import read, table_of, triples

from mmnoisy.datasets.release.csv_blocks import UNLISTED
from mmnoisy.datasets.sources.fiftyone import FiftyOne
from mmnoisy.errors import InputError


@pytest.fixture
def write(tmp_path):
    def write(name, document):
        (tmp_path / name).write_text(json.dumps(document))
        return tmp_path / name

    return write


def classifications(*labels):
    return {'_cls': 'Classifications', 'classifications': [*labels], 'logits': None}


def classification(label, tags=(), **more):
    said = {'_id': {'$oid': '0' * 24}, '_cls': 'Classification', 'attributes': {}}
    return {**said, 'tags': [*tags], 'label': label, **more}


def test_numbers_of_classes(write):
    path = write('labels.json', {'classes': ['cat', 'dog'], 'labels': {'1': 1, 'a/2.x': None}})
    table = read(FiftyOne, path)
    assert (table.images, table.classes) == (['1', 'a/2.x'], ['cat', 'dog'])
    assert triples(table) == {('1', 'dog', 1)}


def test_lists_with_confidences(write, tmp_path):
    cat, dog = {'label': 'cat', 'confidence': 0.5}, {'label': 'dog', 'confidence': None}
    write('labels.json', {'classes': None, 'labels': {'1': [cat, dog], '2': 'cat', '3': []}})
    table = read(FiftyOne, tmp_path)
    assert table.images == ['1', '2', '3']
    assert triples(table) == {('1', 'cat', 0.5), ('1', 'dog', 1), ('2', 'cat', 1)}


def test_verdicts_of_labels(write):
    said = {'label': 0, 'attributes': {'present': False}}
    path = write('labels.json', {'classes': ['cat', 'dog'], 'labels': {'1': [said, {'label': 1}]}})
    assert triples(read(FiftyOne, path, 'verified')) == {('1', 'cat', 0), ('1', 'dog', 1)}


def test_a_number_without_a_class(write):
    table = read(FiftyOne, write('labels.json', {'classes': ['cat'], 'labels': {'1': 3, '2': 0}}))
    assert table.account.dropped == {UNLISTED: 1}
    assert table.account.examples == {UNLISTED: '3 of 1'}


def samples(**fields):
    sample = {'_id': {'$oid': '1' * 24}, 'filepath': 'data/é 1.jpg', 'tags': ['train']}
    return {'samples': [{**sample, 'metadata': None, **fields}]}


def test_samples(write, tmp_path):
    noisy = classifications(classification('cat', confidence=0.5))
    write('samples.json', samples(noisy=noisy, verified=classifications()))
    table = read(FiftyOne, tmp_path)
    assert triples(table) == {('data/é 1.jpg', 'cat', 0.5)}
    assert table.layout == {'format': 'fiftyone', 'form': 'samples', 'label_column': 'noisy'}
    assert triples(read(FiftyOne, tmp_path, 'verified')) == set()


def test_the_only_field_is_taken_and_another_as_named(write):
    document = samples(ground_truth=classification('cat'))
    assert triples(read(FiftyOne, write('samples.json', document))) == {('data/é 1.jpg', 'cat', 1)}
    document['samples'][0]['tagged'] = classifications(classification('dog', ['absent']))
    path = write('samples.json', document)
    with pytest.raises(
        InputError, match=r'has labels in ground_truth, tagged; name one with --label-column'
    ):
        read(FiftyOne, path)
    verdicts = read(FiftyOne, path, 'verified', label_column='tagged')
    assert triples(verdicts) == {('data/é 1.jpg', 'dog', 0)}
    with pytest.raises(InputError, match='ground_truth, tagged, not bird'):
        read(FiftyOne, path, label_column='bird')


def test_the_shape_that_is_written(tmp_path):
    table = table_of(['1.jpg'], ['cat', 'dog'], [(0, 1, 0.7)])
    FiftyOne().write(table, str(tmp_path / 'out'), 'noisy')
    assert json.loads((tmp_path / 'out/metadata.json').read_text()) == {
        'media_type': 'image',
        'info': {'classes': ['cat', 'dog']},
    }
    dog = {'_cls': 'Classification', 'label': 'dog', 'tags': [], 'confidence': 0.7}
    labels = {'_cls': 'Classifications', 'classifications': [dog]}
    oid = hashlib.sha256(b'1.jpg').hexdigest()[:24]
    assert json.loads((tmp_path / 'out/samples.json').read_text()) == {
        'samples': [{'_id': {'$oid': oid}, 'filepath': '1.jpg', 'tags': [], 'noisy': labels}]
    }
    assert read(FiftyOne, tmp_path / 'out').classes == ['cat', 'dog']
