"""Files by what is in them: packed, in other encodings, lists of JSON objects."""

import bz2
import gzip
import json
import lzma
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tables import read, read_text, said, tables, triples

from mmnoisy import InputError
from mmnoisy.datasets.sources.base import SOURCES
from mmnoisy.datasets.sources.describing import describe
from mmnoisy.datasets.sources.opening import decode

ROWS = [{'image': 'é.jpg', 'labels': ['cat', 'dog']}, {'image': 'b.jpg', 'labels': ['dog']}]
LINES = ''.join(json.dumps(row, ensure_ascii=False) + '\n' for row in ROWS)
COCO = {
    'images': [{'id': 1, 'file_name': 'é.jpg'}, {'id': 2, 'file_name': 'b.jpg'}],
    'categories': [{'id': 1, 'name': 'cat'}, {'id': 2, 'name': 'dog'}],
    'annotations': [
        {'id': k, 'image_id': image, 'category_id': label}
        for k, (image, label) in enumerate([(1, 1), (1, 2), (2, 2)])
    ],
}
TEXTS = {
    'csv': 'image,label\né.jpg,cat\né.jpg,dog\nb.jpg,dog\n',
    'jsonl': LINES,
    'json': json.dumps(ROWS, indent=1, ensure_ascii=False),
    'coco': json.dumps(COCO, ensure_ascii=False),
    'google': 'UNASSIGNED,é.jpg,cat,dog\nUNASSIGNED,b.jpg,dog\n',
}
LABELS = [('é.jpg', 'cat', 1), ('é.jpg', 'dog', 1), ('b.jpg', 'dog', 1)]
# Of the alphabets of each, none of which begins with a mark of an encoding.
CHARACTERS = st.characters(
    min_codepoint=1, blacklist_categories=['Cs'], blacklist_characters='\ufeff\ufffe'
)


@pytest.mark.parametrize('form', TEXTS)
@pytest.mark.parametrize('pack', [gzip.compress, bz2.compress, lzma.compress, bytes])
@pytest.mark.parametrize('ending', ['', '.gz'])
def test_packed_whatever_it_is_called(tmp_path, form, pack, ending):
    name = f'labels.{form}{ending}'
    assert said(read_text(tmp_path, pack(TEXTS[form].encode()), name=name)) == LABELS


@pytest.mark.parametrize('pack', [gzip.compress, bz2.compress, lzma.compress])
def test_packed_and_cut_off(tmp_path, pack):
    packed = pack(b'image,label\n' + bytes(range(65, 91)) * 9000)
    with pytest.raises(InputError, match=r'is damaged .*; copy it again'):
        read_text(tmp_path, packed[:-20])


@pytest.mark.parametrize('form', TEXTS)
@pytest.mark.parametrize(
    'encoding', [f'utf-{n}{end}' for n in (16, 32) for end in ('', '-le', '-be')]
)
def test_another_encoding_is_read_or_told(tmp_path, form, encoding):
    """Python's JSON knows them; of all others a sentence says which it is."""
    try:
        table = read_text(tmp_path, TEXTS[form].encode(encoding), name=f'labels.{form}')
    except InputError as error:
        assert f'is in UTF-{encoding[4:6]}; save it as text in UTF-8' in str(error)
    else:
        assert form in ('json', 'coco')
        assert said(table) == LABELS


@given(text=st.text(CHARACTERS, min_size=1), first=st.sampled_from('ab{<[,'))
def test_encodings_are_not_mixed_up(text, first):
    text = first * 4 + text
    assert decode(text.encode(), 'a.csv') == text
    for encoding in ('utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'utf-32-le', 'utf-32-be'):
        with pytest.raises(InputError, match=r'a.csv: is .*UTF-') as error:
            decode(text.encode(encoding), 'a.csv')
        assert encoding[:6].upper() in str(error.value)


@pytest.mark.parametrize('kind', ['noisy', 'verified'])
@given(data=st.data())
def test_a_list_of_objects_is_written_and_read_again(kind, data):
    shape = data.draw(st.sampled_from([{'shape': 'long'}, {'shape': 'list', 'list_sep': 'array'}]))
    table = data.draw(tables(kind, array=True, **shape))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'labels.json')
        SOURCES['jsonl']().write(table, str(path), kind)
        assert len(json.loads(path.read_bytes())) >= len(table.images)
        again = read(path, kind, format='jsonl')
        assert again.layout['array']
        assert 'JSON Lines, in one list' in describe(again.layout)
        SOURCES['jsonl']().write(again, str(Path(folder, 'labels.jsonl')), kind)
        lines = read(Path(folder, 'labels.jsonl'), kind, format='jsonl')
        assert 'array' not in lines.layout
    assert triples(lines) == triples(again) == triples(table)


def test_lists_of_other_things(tmp_path):
    table = read_text(tmp_path, json.dumps([*ROWS, 3, None, [ROWS[0]]]), name='labels.json')
    assert said(table) == LABELS
    assert table.account.dropped == {'no JSON object': 3}
    with pytest.raises(InputError, match='is no whole JSON file'):
        read_text(tmp_path, TEXTS['json'][:-4], name='labels.json')
    for text in ('[3, {"image": "a.jpg"}]', '[]', '[{"a": {"b": {}}}]', '[{"image": 1}]'):
        with pytest.raises(InputError, match='is in no format that is known'):
            read_text(tmp_path, text, name='labels.json')


EMPTY = {
    'jsonl': '{"image": "a.jpg", "labels": ["cat", null, "", "dog"]}\n'
    '{"image": "b.jpg", "labels": [null]}\n',
    'csv': 'image,labels\na.jpg,"[""cat"", null, """", ""dog""]"\nb.jpg,[null]\n',
    'scores.jsonl': '{"image": "a.jpg", "labels": ["cat", null, "", "dog"], "scores": [1, 1, 1, 1]}'
    '\n{"image": "b.jpg", "labels": [null], "scores": [1]}\n',
}


@pytest.mark.parametrize('name', EMPTY)
def test_empty_labels_in_a_list_are_counted(tmp_path, name):
    table = read_text(tmp_path, EMPTY[name], name=f'labels.{name}')
    assert said(table) == [('a.jpg', 'cat', 1), ('a.jpg', 'dog', 1)]
    assert table.images == ['a.jpg', 'b.jpg']
    assert table.account.dropped == {'no label where a list has one': 3}
    assert table.account.examples == {'no label where a list has one': "'a.jpg'"}
    assert table.account.rows == 2 + 3 + 1  # and an image without a label


def test_an_empty_score_is_none(tmp_path):
    text = 'image,labels,scores\na.jpg,"[""cat"", ""dog""]","[0.5, null]"\n'
    table = read_text(tmp_path, text)
    assert said(table) == [('a.jpg', 'cat', 0.5)]
    assert table.account.dropped == {'no confidence given': 1}
