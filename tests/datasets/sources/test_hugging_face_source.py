"""Data set folders of Hugging Face by hand."""

import json

import pyarrow as pa
import pytest
from label_tables import read, table_of, triples
from pyarrow import parquet

from mmnoisy.datasets.release.csv_blocks import NO_CONFIDENCE, UNLISTED
from mmnoisy.datasets.sources.collector import NO_NAME
from mmnoisy.datasets.sources.hugging_face import HuggingFace
from mmnoisy.errors import InputError


def lines(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(json.dumps(row, ensure_ascii=False) + '\n' for row in rows), 'utf-8')


def test_metadata_beside_the_pictures(tmp_path):
    lines(
        tmp_path / 'metadata.jsonl',
        {'file_name': 'cats/photo 12.JPG', 'labels': ['cat', 'dog'], 'confidences': [0.5, 1]},
        {'file_name': 'é', 'labels': []},
    )
    for path in (tmp_path, tmp_path / 'metadata.jsonl'):
        assert HuggingFace.recognises(str(path))
        table = read(HuggingFace, path)
        assert table.images == ['cats/photo 12.JPG', 'é']
        assert triples(table) == {
            ('cats/photo 12.JPG', 'cat', 0.5),
            ('cats/photo 12.JPG', 'dog', 1),
        }


def test_a_table_for_each_split(tmp_path):
    for split in ('train', 'test'):
        lines(tmp_path / split / 'metadata.jsonl', {'file_name': '1.jpg', 'label': split})
    table = read(HuggingFace, tmp_path)
    assert triples(table) == {('train/1.jpg', 'train', 1), ('test/1.jpg', 'test', 1)}
    assert table.layout == {
        'format': 'hugging_face',
        'form': 'jsonl',
        'single': True,
        'image_column': 'file_name',
        'label_column': 'label',
    }


def test_verdicts(tmp_path):
    row = {'file_name': '1.jpg', 'labels': ['cow'], 'verified_absent': ['dog']}
    lines(tmp_path / 'metadata.jsonl', {**row, 'verified_present': ['cat']})
    assert triples(read(HuggingFace, tmp_path, 'verified')) == {
        ('1.jpg', 'cat', 1),
        ('1.jpg', 'dog', 0),
    }


def test_csv(tmp_path):
    (tmp_path / 'metadata.csv').write_text(
        'file_name,tag,score\n1.jpg,cat,0.5\n2.jpg,"[""cat"", ""dog""]","[0.25, 1]"\n3.jpg,,\n'
    )
    table = read(HuggingFace, tmp_path)
    assert table.images == ['1.jpg', '2.jpg', '3.jpg']
    assert triples(table) == {('1.jpg', 'cat', 0.5), ('2.jpg', 'cat', 0.25), ('2.jpg', 'dog', 1)}


def shard(path, rows, label):
    image = pa.struct([('bytes', pa.binary()), ('path', pa.string())])
    kind = pa.list_(pa.int64()) if label.get('_type') != 'ClassLabel' else pa.int64()
    features = {'image': {'_type': 'Image'}, 'label': label}
    schema = pa.schema(
        [('image', image), ('label', kind)],
        {'huggingface': json.dumps({'info': {'features': features}})},
    )
    images = [{'bytes': b'\x89PNG', 'path': name} for name, _ in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table([images, [said for _, said in rows]], schema=schema), path)


CLASSES = {'names': ['cat', 'dog'], '_type': 'ClassLabel'}


def test_shards_with_class_labels(tmp_path):
    shard(tmp_path / 'data/train-00000-of-00002.parquet', [('1.jpg', 1), ('2.jpg', -1)], CLASSES)
    shard(tmp_path / 'data/train-00001-of-00002.parquet', [('3.jpg', 0), ('4.jpg', 2)], CLASSES)
    assert HuggingFace.recognises(str(tmp_path))
    table = read(HuggingFace, tmp_path)
    assert (table.classes, table.images) == (['cat', 'dog'], ['1.jpg', '2.jpg', '3.jpg', '4.jpg'])
    assert triples(table) == {('1.jpg', 'dog', 1), ('3.jpg', 'cat', 1)}
    assert table.account.dropped == {UNLISTED: 1}
    HuggingFace().write(table, str(tmp_path / 'out'), 'noisy')
    assert triples(read(HuggingFace, tmp_path / 'out')) == triples(table)


@pytest.mark.parametrize(
    'description',
    [{'feature': CLASSES, '_type': 'List'}, {'feature': CLASSES, '_type': 'Sequence'}, [CLASSES]],
)
def test_lists_of_class_labels(tmp_path, description):
    label = description if isinstance(description, dict) else {'feature': description}
    shard(tmp_path / 'a.parquet', [('1.jpg', [0, 1]), ('2.jpg', [])], label)
    table = read(HuggingFace, tmp_path / 'a.parquet')
    assert table.images == ['1.jpg', '2.jpg']
    assert triples(table) == {('1.jpg', 'cat', 1), ('1.jpg', 'dog', 1)}


def test_shards_without_the_names_of_the_pictures(tmp_path):
    shard(tmp_path / 'a.parquet', [(None, 1), (None, 0)], CLASSES)
    with pytest.raises(InputError, match='holds no image; 2 x no name of an image or a class'):
        read(HuggingFace, tmp_path)


def test_columns_that_are_not_clear(tmp_path):
    lines(tmp_path / 'metadata.jsonl', {'file_name': '1.jpg', 'tag': 'cat', 'caption': 'my cat'})
    with pytest.raises(
        InputError,
        match=r'has the label in one of its columns \(tag, caption\); name it with --label-column',
    ):
        read(HuggingFace, tmp_path)
    assert triples(read(HuggingFace, tmp_path, label_column='tag')) == {('1.jpg', 'cat', 1)}
    with pytest.raises(InputError, match=r'label in one of its columns .*file_name, tag, caption'):
        read(HuggingFace, tmp_path, label_column='tags')


def test_what_is_left_out(tmp_path):
    lines(
        tmp_path / 'metadata.jsonl',
        {'file_name': '1.jpg', 'label': 'cat', 'score': 2},
        {'file_name': '2.jpg', 'label': {'a': 1}},
        {'label': 'cat'},
    )
    table = read(HuggingFace, tmp_path)
    assert table.account.dropped == {NO_CONFIDENCE: 1, NO_NAME: 2}


def test_metadata_of_something_else(tmp_path):
    (tmp_path / 'metadata.csv').write_text('camera,lens\nX,50\n')
    assert not HuggingFace.recognises(str(tmp_path))
    parquet.write_table(pa.table({'text': ['a']}), tmp_path / 'train.parquet')
    (tmp_path / 'metadata.csv').unlink()
    assert not HuggingFace.recognises(str(tmp_path))


def test_a_split_without_pictures(tmp_path):
    lines(tmp_path / 'train/metadata.jsonl', {'file_name': '1.jpg', 'label': 'cat'})
    lines(tmp_path / 'test/metadata.jsonl')
    assert triples(read(HuggingFace, tmp_path)) == {('train/1.jpg', 'cat', 1)}
    lines(tmp_path / 'train/metadata.jsonl')
    with pytest.raises(InputError, match='holds no image'):
        read(HuggingFace, tmp_path)


def test_a_line_that_is_no_json(tmp_path):
    path = tmp_path / 'metadata.jsonl'
    path.write_text('{"file_name": "1.jpg", "label": "cat"}\n\n{"file_name": "2.j')
    with pytest.raises(InputError, match=r'metadata.jsonl: line 3 is no JSON'):
        read(HuggingFace, tmp_path)


def test_metadata_of_several_kinds(tmp_path):
    lines(tmp_path / 'metadata.jsonl', {'file_name': '1.jpg', 'label': 'cat'})
    (tmp_path / 'metadata.csv').write_text('file_name,label\n1.jpg,cat\n')
    with pytest.raises(InputError, match='leave one kind of metadata in it'):
        read(HuggingFace, tmp_path)


def test_a_truncated_table(tmp_path):
    table = table_of(['1.jpg'], ['cat'], [(0, 0, 1)])
    path = tmp_path / 'metadata.parquet'
    HuggingFace().write(table, str(path), 'noisy')
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=r'metadata.parquet: is no whole Parquet file'):
        read(HuggingFace, tmp_path)


def test_columns_keep_their_names(tmp_path):
    rows = '{"file_name": "a.jpg", "tags": ["cat", "dog"], "scores": [1.0, 0.5]}\n'
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'photos/metadata.jsonl').write_text(rows)
    table = read(HuggingFace, tmp_path / 'photos')
    HuggingFace().write(table, str(tmp_path / 'again'), 'noisy')
    assert (tmp_path / 'again/metadata.jsonl').read_text() == rows
