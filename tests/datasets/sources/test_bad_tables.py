"""What is wrong with a table is one sentence, or rows counted by reason."""

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tables import read, read_text, said

from mmnoisy import InputError
from mmnoisy.datasets.sources.telling import alike

SENTENCES = {
    'empty': ('', 'is empty; give a file with a line'),
    'blank': ('\n \n', 'is empty'),
    'header alone': ('image,label\n', 'has no row of an image'),
    'one column': ('a.jpg\nb.jpg\n', 'has no two columns'),
    'UTF-16': ('image,label\na.jpg,cat\n'.encode('utf-16'), 'is in UTF-16; save it'),
    'UTF-16 unmarked': ('image,label\na.jpg,cat\n'.encode('utf-16-le'), 'is in UTF-16'),
    'latin-1': ('image,label\né.jpg,cat\n'.encode('latin-1'), r'is not in UTF-8 \(byte e9\)'),
    'latin-1 later': (
        b'image,label\n' + b'a.jpg,cat\n' * 200_000 + b'\xe9.jpg,cat\n',
        'is not in UTF-8',
    ),
    'workbook': (b'PK\x03\x04 and so on', 'a workbook, an archive or another'),
    'quote': ('image,label\na.jpg,"cat\nb.jpg,dog\n', 'a quote is opened and never closed'),
    'quote before': ('label,image\n"cat,a.jpg\ndog,b.jpg\n', 'never closed|no two columns'),
    'all scores out': ('image,label,score\na.jpg,cat,87\n', r"outside \[0, 1\], the first: '87'"),
    'both absent': ('image,label,verdict\na,b,0\na,c,-1\n', 'what says absent cannot be told'),
    'header too short': ('image,label\na.jpg,cat,1\nb.jpg,dog,1\n', 'header has 2 columns'),
    'two labels': ('image,label,tags\na.jpg,cat,dog\n', "'label' and 'tags' could all hold"),
    'two images': ('path,url,label\na.jpg,b.jpg,dog\n', "'path' and 'url' could all hold the im"),
    'two texts': ('file,who,what\na.jpg,x,y\n', "'who' and 'what' could all hold the labels"),
    'two scores': ('image,label,score,conf\na,b,1,1\n', "'score' and 'conf' could all hold"),
    'long or wide': ('file,animal,red\na.jpg,cat,1\n', r"say --label-column 'animal' or .* '\*'"),
    'no endings': ('x1,cat\nx1,dog\nx1,fish\nx1,bird\n', "'1' and '2' could all hold the images"),
    'header or row': ('x1,cat\nx2,dog\n', 'may be a header or a row; name the columns'),
    'comma or semicolon': ('x1,cat;dog\nx2,dog;cat\n', 'a comma or a semicolon between them'),
    'bar or semicolon': (
        'image,label\na.jpg,x|y;z\nb.jpg,z|y;x\nc.jpg,x|y\nd.jpg,x;z\n',
        'one label or several',
    ),
    'space': ('image,label\na,red car\nb,blue car\nc,red bike\nd,bike\n', 'say --list-sep'),
    'unknown score': ('image,label,p\na,cat,0.5\nb,cat,1\n', "say --score-column 'p', or .* none"),
    'groups': ('image,label,g\na.jpg,cat,1\na.jpg,dog,2\n', "'a.jpg' is in the groups '1' and '2'"),
}


@pytest.mark.parametrize('name', SENTENCES)
def test_sentences(tmp_path, name):
    text, sentence = SENTENCES[name]
    kind = 'verified' if name == 'both absent' else 'noisy'
    group = 'g' if name == 'groups' else None
    with pytest.raises(InputError, match=sentence) as error:
        read_text(tmp_path, text, kind, group_column=group)
    assert str(error.value).startswith(f'{tmp_path}/labels.csv: ')
    assert '\n' not in str(error.value)


ROWS = 'image,label,score\na.jpg,cat,0.5\n'
COUNTED = {
    'ragged': (
        'b.jpg,cat\nc;d;e\n',
        {'another number of cells than the other rows': 2},
        "'b.jpg,c",
    ),
    'blank lines': ('\n,,\n\n', {}, ''),
    'nameless': (',cat,1\n', {'no name of an image': 1}, "'cat'"),
    'too high': (
        'b.jpg,cat,1.01\n',
        {'confidence outside [0, 1]': 1},
        "'1.01' for 'cat' of 'b.jpg'",
    ),
    'negative': ('b.jpg,cat,-1\n', {'confidence outside [0, 1]': 1}, "'-1'"),
    'no number': ('b.jpg,cat,high\n', {'confidence outside [0, 1]': 1}, "'high'"),
    'infinite': ('b.jpg,cat,inf\n', {'confidence outside [0, 1]': 1}, "'inf'"),
    'no confidence': (
        'b.jpg,cat,\nb.jpg,dog,nan\n',
        {'no confidence given': 2},
        "'cat' of 'b.jpg'",
    ),
    'twice': ('a.jpg,cat,0.25\n', {'label given twice': 1}, "'cat' of 'a.jpg'"),
}


@pytest.mark.parametrize('name', COUNTED)
def test_rows_left_out(tmp_path, name):
    rows, dropped, example = COUNTED[name]
    table = read_text(tmp_path, ROWS + rows)
    assert said(table) == [('a.jpg', 'cat', 0.5)]
    assert table.account.dropped == dropped
    assert table.account.rows == 1 + sum(dropped.values())
    for reason in dropped:
        assert table.account.examples[reason].startswith(example)


def test_the_higher_confidence_stays(tmp_path):
    table = read_text(tmp_path, ROWS + 'b.jpg,cat,1\na.jpg,cat,0.75\na.jpg,cat,0.25\n')
    assert said(table) == [('a.jpg', 'cat', 0.75), ('b.jpg', 'cat', 1)]
    assert table.account.dropped == {'label given twice': 2}


def test_verdicts_left_out(tmp_path):
    text = (
        'image,label,verdict\na,cat,1\na,cat,0\na,cat,1\na,dog,1\na,dog,1\na,bird,maybe\na,fish,\n'
    )
    table = read_text(tmp_path, text, 'verified')
    assert said(table) == [('a', 'dog', 1)]
    assert table.account.dropped == {
        'contradictory verdicts': 3,
        'label given twice': 1,
        'verdict other than 0/1, true/false, yes/no or 1/-1': 1,
        'no verdict given': 1,
    }
    assert table.account.rows == 7


def test_lists_left_out(tmp_path):
    text = 'image,tags,scores\na.jpg,x|y,1|.5\nb.jpg,x|y,1\nc.jpg,y|x|y,.5|1|1\n,x,1\n'
    table = read_text(tmp_path, text)
    assert said(table) == [
        ('a.jpg', 'x', 1),
        ('a.jpg', 'y', 0.5),
        ('c.jpg', 'y', 1),
        ('c.jpg', 'x', 1),
    ]
    assert table.images == ['a.jpg', 'b.jpg', 'c.jpg']
    assert table.account.dropped == {
        'not as many scores as labels': 2,
        'label given twice': 1,
        'no name of an image': 1,
    }
    assert table.account.rows == 8
    broken = "image,labels\na.jpg,\"['x', 'y']\"\nb.jpg,\"['x' 'y']\"\nc.jpg,\"['x\"\n"
    table = read_text(tmp_path, broken)
    assert said(table) == [('a.jpg', 'x', 1), ('a.jpg', 'y', 1)]
    assert table.account.dropped == {'labels that are no list': 2}
    assert table.account.rows == 4


def test_a_column_a_class_left_out(tmp_path):
    text = 'file,cat,dog\na.jpg,1,2\nb.jpg,x,0\n,1,0\n,0,0\nc.jpg,-1,0.5\n'
    table = read_text(tmp_path, text)
    assert said(table) == [('a.jpg', 'cat', 1), ('c.jpg', 'dog', 0.5)]
    assert table.account.dropped == {'confidence outside [0, 1]': 2, 'no name of an image': 2}
    assert table.account.rows == 6


def test_lines_that_are_no_objects(tmp_path):
    text = '{"image": "a.jpg", "label": "cat"}\n[1]\n{"image": "b.jpg", "lab'
    table = read_text(tmp_path, text, name='labels.jsonl')
    assert said(table) == [('a.jpg', 'cat', 1)]
    assert table.account.dropped == {'no JSON object': 2}


def test_half_a_character_in_json_lines(tmp_path):
    text = (
        '{"image": "a.jpg", "labels": ["cat", "\\ud83d"], "note": "cut off \\ud83d"}\n'
        '{"image": "b\\ud83d.jpg", "labels": ["dog"]}\n'
        '{"image": "c.jpg", "labels": ["\\ud83d\\ude00"]}\n'
    )
    table = read_text(tmp_path, text, name='labels.jsonl')
    assert said(table) == [('a.jpg', 'cat', 1), ('c.jpg', '\U0001f600', 1)]
    reasons = {'no name of an image': 1, 'no label where a list has one': 1}
    assert table.account.dropped == reasons
    with pytest.raises(InputError, match=r'the key .\\ud83d. has half a character'):
        read_text(tmp_path, '{"image": "a.jpg", "\\ud83d": 1, "cat": 0}\n', name='wide.jsonl')


def test_classes_that_differ_in_case_are_kept_apart(tmp_path):
    table = read_text(tmp_path, 'image,label\na.jpg,Cat\na.jpg,cat\na.jpg,dog\na.jpg,"cat "\n')
    assert table.classes == ['Cat', 'cat', 'dog', 'cat ']
    assert alike(table.classes) == [['Cat', 'cat', 'cat ']]


def test_one_image_and_one_class(tmp_path):
    assert said(read_text(tmp_path, 'a.jpg,cat\n')) == [('a.jpg', 'cat', 1)]
    assert said(read_text(tmp_path, 'file,cat\na.jpg,1\n')) == [('a.jpg', 'cat', 1)]
    table = read_text(tmp_path, 'image,label\na.jpg,\n')
    assert (said(table), table.images) == ([], ['a.jpg'])


def test_files_that_are_missing_or_damaged(tmp_path):
    for name in ('none.csv', 'none.jsonl', 'none'):
        with pytest.raises(InputError, match='there is no such file or folder'):
            read(tmp_path / name)
    path = tmp_path / 'labels.csv.gz'
    packed = gzip.compress(b'image,label\n' + bytes(range(65, 91)) * 9000)
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match='is damaged'):
        read(path)
    path = tmp_path / 'labels.parquet'
    path.write_bytes(b'PAR1 and no more')
    with pytest.raises(InputError, match='no whole Parquet file'):
        read(path)
    with pytest.raises(InputError, match=r'no column of .*; columns are image, lable; did you'):
        read_text(tmp_path, 'image,lable\na.jpg,cat\n', label_column='label')
    with pytest.raises(InputError, match='is not one character'):
        read_text(tmp_path, 'image,label\na.jpg,cat\n', sep='::')


PIECES = st.sampled_from(
    [*',;|\t\n"\'[]{}: ', '\r\n', 'a.jpg', 'b', 'cat', '1', '0', '-1', '.5', 'image', 'label', 'é']
)
OBJECTS = st.dictionaries(
    st.sampled_from(['image', 'label', 'labels', 'score', 'x']),
    st.recursive(
        st.sampled_from([None, True, 'a', 'b', '', 1, 0.5, -1]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just('a'), inner),
        max_leaves=3,
    ),
)


@given(
    text=st.lists(PIECES, max_size=40).map(''.join)
    | st.lists(OBJECTS.map(json.dumps), max_size=4).map('\n'.join),
    kind=st.sampled_from(['noisy', 'verified']),
    name=st.sampled_from(['a.csv', 'a']),
)
def test_whatever_is_read_is_a_table_or_a_sentence(text, kind, name):
    with tempfile.TemporaryDirectory() as folder:
        try:
            table = read_text(Path(folder), text, kind, name)
        except InputError:
            return
    assert len({*table.images}) == len(table.images)
    assert len({*table.classes}) == len(table.classes)
    assert ((table.value >= 0) & (table.value <= 1)).all()
    assert table.account.rows >= sum(table.account.dropped.values()) + len(table.label)
    json.dumps(table.layout)
