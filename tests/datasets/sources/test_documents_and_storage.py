"""Files that are cut off, in other encodings or elsewhere; and what the collector counts."""

import json
from collections import defaultdict

import fsspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_tables import read, table_of, triples

from mmnoisy.datasets.sources.base import SOURCES, Options, find_source
from mmnoisy.datasets.sources.collector import (
    AGAIN,
    CONTRADICTION,
    Collector,
    labels_by_image,
)
from mmnoisy.datasets.sources.documents import json_list
from mmnoisy.errors import InputError

TABLE = table_of(['a/1.jpg', 'é.b.png'], ['cat', '犬'], [(0, 0, 0.5), (0, 1, 1), (1, 1, 0.25)])
DOCUMENTS = ['coco', 'fiftyone', 'label_studio', 'label_studio_min', 'mmpretrain']
BY_FILE = {name: f'{name}.json' for name in DOCUMENTS} | {
    'cvat': 'annotations.xml',
    'hugging_face': 'metadata.jsonl',
}

OURS = [*BY_FILE, 'folders', 'voc', 'image_list']


def written(name, folder):
    path = folder / BY_FILE[name]
    SOURCES[name]().write(TABLE, str(path), 'noisy')
    return path


@pytest.mark.parametrize('name', BY_FILE)
def test_a_file_that_is_cut_off(tmp_path, name):
    path = written(name, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: -len(whole) // 4])
    assert isinstance(find_source(str(path), Options()), SOURCES[name])
    with pytest.raises(InputError, match=rf'{path.name}: (is no whole|line \d is no)'):
        read(SOURCES[name], path)


@pytest.mark.parametrize('name', BY_FILE)
def test_another_encoding(tmp_path, name):
    path = written(name, tmp_path)
    path.write_bytes(path.read_text('utf-8').replace('犬', 'ü').encode('latin-1'))
    with pytest.raises(InputError, match=r'is not UTF-8 \(byte|is no JSON|not well-formed|E9.jpg'):
        table = read(SOURCES[name], path)
        assert 'é.b.png' in table.images  # those that escape what is not ASCII
        raise InputError('E9.jpg')


@pytest.mark.parametrize('name', DOCUMENTS)
@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
def test_a_mark_of_the_encoding(tmp_path, name, encoding):
    path = written(name, tmp_path)
    path.write_bytes(path.read_text('utf-8').encode(encoding))
    assert isinstance(find_source(str(path), Options()), SOURCES[name])
    assert triples(read(SOURCES[name], path)) == {
        ('a/1.jpg', 'cat', 0.5),
        ('a/1.jpg', '犬', 1),
        ('é.b.png', '犬', 0.25),
    }


@pytest.mark.parametrize('name', DOCUMENTS)
@pytest.mark.parametrize(
    'text',
    [
        '[]',
        '{}',
        '[1]',
        '"a"',
        'null',
        '{"images": 3}',
        '[{"data": []}]',
        '[' * 10**5,
        '{"data_list": [[]]}',
        '{"labels": []}',
        '{"samples": {"a": 1}}',
        '[null]',
        '[[1]]',
    ],
)
def test_other_json(tmp_path, name, text):
    path = tmp_path / 'a.json'
    path.write_text(text)
    with pytest.raises(InputError, match=r'a.json: (is no|holds no image|has)'):
        read(SOURCES[name], path)


@pytest.mark.parametrize('name', BY_FILE)
@given(data=st.data())
def test_a_damaged_file_ends_in_one_sentence(tmp_path_factory, name, data):
    """Whatever is in it: labels or an InputError."""
    folder = tmp_path_factory.mktemp('damaged')
    path = written(name, folder)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.sampled_from(b'"[]{}:,0a <>/\\\xff\n'))
    path.write_bytes(whole)
    SOURCES[name].recognises(str(path))
    try:
        triples(read(SOURCES[name], path))
    except InputError as error:
        assert path.name in str(error)


@pytest.mark.parametrize('name', OURS)
def test_a_file_that_is_not_there(tmp_path, name):
    path = tmp_path / 'missing.json'
    assert not SOURCES[name].recognises(str(path))
    with pytest.raises(InputError, match=r'missing.json: (cannot be read|has no table)'):
        read(SOURCES[name], path)
    path.touch()
    assert not SOURCES[name].recognises(str(path))


@pytest.mark.parametrize('name', BY_FILE)
def test_at_an_address(tmp_path, name):
    here, there = written(name, tmp_path), f'memory://labels/{name}/{BY_FILE[name]}'
    with fsspec.open(there, 'wb') as file:
        file.write(here.read_bytes())
    assert isinstance(find_source(there, Options()), SOURCES[name])
    table = SOURCES[name]().read(there, 'noisy', Options())
    assert triples(table) == triples(read(SOURCES[name], here))


def test_folders_at_an_address():
    for name in ('cat/1.jpg', 'dog/a b.png', 'dog/.x.jpg'):
        with fsspec.open(f'memory://pets/{name}', 'wb') as file:
            file.write(b'')
    with fsspec.open('memory://hub/data/metadata.jsonl', 'wb') as file:
        file.write(json.dumps({'file_name': '1.jpg', 'label': 'cat'}).encode())
    pets = find_source('memory://pets', Options())
    assert triples(pets.read('memory://pets', 'noisy', Options())) == {
        ('cat/1.jpg', 'cat', 1),
        ('dog/a b.png', 'dog', 1),
    }
    hub = find_source('memory://hub', Options())
    assert hub.read('memory://hub', 'noisy', Options()).images == ['data/1.jpg']


def test_an_address_that_leads_nowhere():
    for path in ('memory://none.json', 'nosuch://a.json'):
        with pytest.raises(InputError, match=rf'{path}: '):
            SOURCES['coco']().read(path, 'noisy', Options())


VALUES = {'noisy': st.sampled_from([0.25, 0.5, 1.0]), 'verified': st.booleans()}


@pytest.mark.parametrize('kind', VALUES)
@given(data=st.data())
def test_each_label_once(kind, data):
    """Against dictionaries."""
    name = st.sampled_from('abc')
    rows = data.draw(st.lists(st.tuples(name, name, VALUES[kind]), min_size=1))
    collector, said = Collector('x', kind, Options()), defaultdict(list)
    for image, label, value in rows:
        collector.add(collector.image(image), label, value)
        said[image, label].append(value)
    table = collector.table()
    kept = {key: values for key, values in said.items() if kind == 'noisy' or len({*values}) == 1}
    assert triples(table) == {(*key, float(max(values))) for key, values in kept.items()}
    order = [(table.images[i], table.classes[k]) for i, k in zip(table.image, table.label)]
    assert order == [*kept]  # as they come
    assert table.account.dropped[AGAIN] == sum(len(values) - 1 for values in kept.values())
    assert table.account.dropped[CONTRADICTION] == sum(len(said[key]) for key in {*said} - {*kept})


@pytest.mark.parametrize('name', [None, '', [], {}, True, '\ud800', b'a'])
def test_no_names(name):
    collector = Collector('x', 'noisy', Options())
    assert collector.image(name) is None
    collector.add(collector.image('a'), name)
    assert sum(collector.table().account.dropped.values()) == 2


def test_the_labels_of_each_image_in_their_order():
    table = table_of('abc', 'xyz', [(2, 1, 0.7), (0, 2, 0), (2, 0, np.float32(1 / 3))])
    assert [*labels_by_image(table)] == [
        ('a', [2], [0.0]),
        ('b', [], []),
        ('c', [1, 0], [0.7, 0.33333334]),
    ]


@pytest.mark.parametrize('items', [[], [1], [1, {'é': [2]}]])
def test_a_list_item_by_item(items):
    assert json.loads(''.join(json_list('{"a": [', items, ']}'))) == {'a': items}


BY_GROUP = {
    'coco.json': {
        'images': [
            {'id': 1, 'file_name': 'a.jpg', 'owner': 'ann'},
            {'id': 2, 'file_name': 'b.jpg'},
        ],
        'categories': [],
    },
    'mmpretrain.json': {
        'metainfo': {},
        'data_list': [{'img_path': 'a.jpg', 'owner': 'ann'}, {'img_path': 'b.jpg', 'owner': None}],
    },
    'fiftyone.json': {'samples': [{'filepath': 'a.jpg', 'owner': 'ann'}, {'filepath': 'b.jpg'}]},
    'label_studio.json': [
        {'id': 1, 'data': {'image': 'a.jpg', 'owner': 'ann'}, 'annotations': []},
        {'id': 2, 'data': {'image': 'b.jpg', 'owner': ''}, 'annotations': []},
    ],
}


@pytest.mark.parametrize('name', BY_GROUP)
def test_what_belongs_together(tmp_path, name):
    path = tmp_path / name
    path.write_text(json.dumps(BY_GROUP[name]))
    source = type(find_source(str(path), Options()))
    assert source.name == path.stem
    assert read(source, path).groups is None
    assert read(source, path, group_column='owner').groups == ['ann', '']
    with pytest.raises(InputError, match=rf'{name}: says home of no image'):
        read(source, path, group_column='home')
    path.write_text(path.read_text().replace('b.jpg', 'a.jpg').replace('null', '"bo"'))
    path.write_text(path.read_text().replace('"a.jpg"}', '"a.jpg", "owner": "bo"}'))
    path.write_text(path.read_text().replace('"owner": ""', '"owner": "bo"'))
    with pytest.raises(InputError, match=r"image 'a.jpg' is in the groups 'ann' and 'bo'"):
        read(source, path, group_column='owner')


@pytest.mark.parametrize(
    'text',
    [
        '{"image_id": 1, "category_id": 2}\n{"image_id": 1, "category_id": 3}\n',
        '{"labels": ["cat"], "image": "a.jpg"}',
        '{"classes": ["cat"], "image": "a.jpg"}\n{"labels": {}}\n',
        '[{"image": "a.jpg", "label": "cat"}]',
        'image,label\na.jpg,cat\n',
        '<html><body></body></html>',
    ],
)
def test_what_is_of_another_format(tmp_path, text):
    (tmp_path / 'a.txt').write_text(text)
    (tmp_path / 'train').mkdir()
    (tmp_path / 'train/1.jpg').touch()
    for path in (tmp_path / 'a.txt', tmp_path):
        assert not [name for name in OURS if SOURCES[name].recognises(str(path))]
