"""What is written is read as the same labels, whatever images and classes are called."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_tables import read, read_text, said, tables, triples

from mmnoisy import InputError
from mmnoisy.datasets.sources.base import SOURCES, LabelTable
from mmnoisy.datasets.sources.reading import (
    layout_to_write,
    read_labels,
    require_written,
    write_labels,
)

LAYOUTS = {
    'default': {},
    'long': dict(shape='long', sep=';', image_column='path', label_column='tag'),
    'no header': dict(shape='long', sep='\t', header=False, image_column='1', label_column='2'),
    'label first': dict(shape='long', order=['label', 'image'], padded=True),
    'decimal comma': dict(shape='long', sep=';', decimal=',', score_column='conf'),
    'bars': dict(shape='list', list_sep='|', label_column='tags'),
    'spaces': dict(shape='list', list_sep=' ', sep='\t'),
    'commas': dict(shape='list', list_sep=',', sep=';', score_column='scores'),
    'JSON': dict(shape='list', list_sep='json'),
    'Python': dict(shape='list', list_sep='python', score_column='scores'),
    'arrays': dict(shape='list', list_sep='array'),
    'words': dict(shape='long', words=['yes', 'no'], score_column='verdict'),
    'maps': dict(shape='list', list_sep='dict'),
}
FORMATS = ('csv', 'jsonl', 'parquet')


@pytest.mark.parametrize('kind', ['noisy', 'verified'])
@pytest.mark.parametrize('name', FORMATS)
@settings(max_examples=40)
@given(data=st.data())
def test_any_names(name, kind, data):
    layout = data.draw(st.sampled_from([*LAYOUTS.values()]))
    table = data.draw(tables(kind, **layout))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f'labels.{name}')
        SOURCES[name]().write(table, str(path), kind)
        again = read(path, kind, format=name)
    assert triples(again) == triples(table)


@pytest.mark.parametrize('kind', ['noisy', 'verified'])
@pytest.mark.parametrize('name', FORMATS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_column_a_class(name, kind, data):
    padded, none = data.draw(st.booleans()), data.draw(st.sampled_from(['', '0']))
    table = data.draw(tables(kind, shape='wide', padded=padded, none=none))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f'labels.{name}')
        SOURCES[name]().write(table, str(path), kind)
        again = read(path, kind, format=name)
    assert triples(again) == triples(table)


@pytest.mark.parametrize('kind', ['noisy', 'verified'])
@settings(max_examples=40)
@given(data=st.data())
def test_googles_csv(kind, data):
    table = data.draw(tables(kind))
    table.value[:] = 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'labels.csv')
        SOURCES['google']().write(table, str(path), kind)
        again = read(path, kind)
    assert again.layout['format'] == 'google'
    assert triples(again) == triples(table)


def test_a_label_of_a_list_without_confidences_is_there_or_not(tmp_path):
    table = LabelTable(['a.jpg', 'b.jpg'], ['cat', 'dog'], [0, 0, 1], [0, 1, 1], [0.5, 0, 1], {})
    for name in ('google', 'image_list'):
        write_labels(table, tmp_path / name, format=name)
        found, images = triples(read_labels(tmp_path / name))
        assert {*found} == {('a.jpg', 'cat'), ('b.jpg', 'dog')}
        assert images == table.images


def test_nul_is_read_as_it_stands(tmp_path):
    text = 'label, image\nc\0t, "\0.jpg"\n'  # which Python before 3.11 refuses
    assert said(read_text(tmp_path, text)) == [('\0.jpg', 'c\0t', 1)]
    assert said(read_text(tmp_path, 'TRAIN,\0.jpg,c\0t\n')) == [('\0.jpg', 'c\0t', 1)]


EXAMPLES = {
    'long': 'path,label,score\na.jpg,cat,0.5\na.jpg,"dog, old",1\nb c.jpg,,\n',
    'headerless': 'a.jpg;cat\nb.jpg;dog\nb.jpg;cat\n',
    'label first': 'tag\timage\ncat\ta.jpg\n',
    'decimal comma': 'image;label;score\na.jpg;cat;0,25\nb.jpg;dog;0,5\n',
    'bars': 'image,tags,scores\na.jpg,cat|dog,0.5|1\nb.jpg,,\nc.jpg,dog,0.25\n',
    'quoted': 'image,tags\na.jpg,"cat,dog"\nb.jpg,dog\n',
    'JSON': 'image,labels\na.jpg,"[""cat"", ""dog""]"\nb.jpg,[]\n',
    'Python': "image,labels\na.jpg,\"['cat', 'dog']\"\nb.jpg,[]\n",
    'wide': 'file,cat,dog\na.jpg,0.5,0\nb.jpg,0,0\n',
    'Roboflow': 'filename, cat, dog\na.jpg, 1, 0\nb.jpg, 0, 0\n',
    'Google': 'UNASSIGNED,gs://b/a.jpg,cat,dog\nUNASSIGNED,gs://b/b.jpg\n',
    'a formula': "image,label\n'=1+1.jpg,'-cat\n",
}


@pytest.mark.parametrize('name', EXAMPLES)
def test_a_file_comes_back_byte_for_byte(tmp_path, name):
    table = read_text(tmp_path, EXAMPLES[name])
    path = tmp_path / 'again.csv'
    SOURCES[table.layout['format']]().write(table, str(path), 'noisy')
    assert path.read_text() == EXAMPLES[name]


VERDICTS = {
    'words': 'image,label,verified\na.jpg,cat,Yes\na.jpg,dog,No\n',
    'signs': 'image,label,value\na.jpg,cat,1\na.jpg,dog,-1\n',
    'present alone': 'image,label\na.jpg,cat\n',
    'wide': 'file,cat,dog\na.jpg,1,0\nb.jpg,,1\n',
    'wide signs': 'file;cat;dog\na.jpg;1;-1\nb.jpg;;1\n',
}


@pytest.mark.parametrize('name', VERDICTS)
def test_verdicts_come_back_byte_for_byte(tmp_path, name):
    table = read_text(tmp_path, VERDICTS[name], 'verified')
    path = tmp_path / 'again.csv'
    SOURCES['csv']().write(table, str(path), 'verified')
    assert path.read_text() == VERDICTS[name]


LINES = {
    'long': '{"image": "a.jpg", "label": "cat", "score": 0.9}\n'
    '{"image": "b.jpg", "label": null, "score": null}\n',
    'lists': '{"image": "a.jpg", "labels": ["cat", "dog"], "scores": [0.9, 1.0]}\n'
    '{"image": "b.jpg", "labels": [], "scores": []}\n',
    'objects': '{"image": "é.jpg", "labels": {"cat": 0.9, "dog": 1.0}}\n',
}


@pytest.mark.parametrize('name', LINES)
def test_json_lines_come_back_byte_for_byte(tmp_path, name):
    table = read_text(tmp_path, LINES[name], name='labels.jsonl')
    path = tmp_path / 'again.jsonl'
    SOURCES['jsonl']().write(table, str(path), 'noisy')
    assert path.read_text() == LINES[name]


@pytest.mark.parametrize('name', ['csv', 'jsonl', 'parquet'])
def test_groups_and_packed_files(tmp_path, name):
    layout = dict(format='csv', group_column='patient')
    table = LabelTable(['a', 'b', 'c'], ['cat'], [0, 1], [0, 0], [1, 1], layout, groups=['p'] * 3)
    path = tmp_path / f'labels.{name}{".gz" * (name == "csv")}'
    SOURCES[name]().write(table, str(path), 'noisy')
    again = read(path, group_column='patient')
    assert triples(again) == triples(table)
    assert again.groups == ['p'] * 3


GIVEN = [
    ('x,l\nA1,red car\nA2,red bike\nA3,car bike\n', dict(list_sep='space', image_column='x')),
    ('x,l\nA1,red;car\nA2,bike\n', dict(list_sep='none', image_column='x')),
    ('file,animal,red\na.jpg,cat,1\nb.jpg,dog,1\n', dict(label_column='animal')),
    ('image,label,cat\na.jpg,1,0\nb.jpg,0,1\n', dict(label_column='*')),
    ('A1,cat\nA2,dog\n', dict(image_column='1', label_column='2')),
    ('A1;cat|dog\nA2;dog|cat\n', dict(sep=';', image_column='1')),
]


@pytest.mark.parametrize(('text', 'options'), GIVEN)
def test_what_was_given_need_not_be_plain(tmp_path, text, options):
    """Nobody could tell how it is meant; with the same options it is the same again."""
    with pytest.raises(InputError):
        read_text(tmp_path, text)
    table = read_text(tmp_path, text, **options)
    path = tmp_path / 'again.csv'
    SOURCES['csv']().write(table, str(path), 'noisy')
    assert triples(read(path, **options)) == triples(table)
    columns = [table.layout[f'{role}_column'] for role in table.layout['order']]
    assert table.layout['ignored'] or path.read_text() == text, columns


def test_what_a_format_cannot_say(tmp_path):
    table = LabelTable(['a'], ['cat'], [0], [0], [0], dict(format='csv', shape='wide'))
    with pytest.raises(InputError, match='cannot say'):
        SOURCES['google']().write(table, str(tmp_path / 'out'), 'verified')
    for images, classes in ((['', 'b'], ['cat']), (['a', 'b'], [''])):
        table = LabelTable(images, classes, [0], [0], [1], dict(format='csv'))
        for name in ('csv', 'google', 'jsonl', 'parquet'):
            with pytest.raises(InputError, match='empty text as its name'):
                SOURCES[name]().write(table, str(tmp_path / 'out'), 'noisy')
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ('name', 'own', 'found'),
    [
        ('a.csv', 'csv', 'csv'), ('a.csv', 'google', 'google'), ('a.csv', 'coco', 'csv'),
        ('a.csv', 'voc', 'csv'), ('a.tsv.gz', 'jsonl', 'csv'), ('a.CSV', 'parquet', 'csv'),
        ('a.jsonl', 'csv', 'jsonl'), ('a.parquet', 'csv', 'parquet'), ('a.xml', 'csv', 'cvat'),
        ('a.json', 'coco', 'coco'), ('a.json', 'jsonl', 'jsonl'), ('a.txt', 'csv', 'csv'),
        ('a.txt', 'image_list', 'image_list'), ('a', 'fiftyone', 'fiftyone'), ('a', None, 'csv'),
        ('a.parquet', 'hugging_face', 'hugging_face'), ('a.csv', None, 'csv'),
    ],
)  # fmt: skip
def test_the_ending_says_the_format_or_else_what_was_read(name, own, found):
    layout = dict(format=own, image_column='path') if own else None
    written = layout_to_write(name, layout)
    assert written == (layout if found == own else dict(format=found))
    assert layout_to_write(name, layout, 'cvat') == dict(format='cvat')


@pytest.mark.parametrize('own', [None, 'csv', 'voc'])
def test_an_ending_of_several_formats_is_asked_about(own):
    with pytest.raises(InputError, match=r'^a.json: its ending is that of coco, .*--format$'):
        layout_to_write('a.json', own and dict(format=own))


UNSAID = {'image_list': 'cat\nold', 'cvat': 'cat\x00'}


@pytest.mark.parametrize('name', UNSAID)
@pytest.mark.parametrize('what', ['images', 'classes'])
def test_names_that_cannot_be_written_are_refused_before(tmp_path, name, what):
    names = {'images': ['a.jpg'], 'classes': ['cat', 'dog', 'cow']}
    require_written(tmp_path / 'out', None, name, **names)
    names[what] = [*names[what], UNSAID[name]]
    sentence = rf'^{tmp_path}/out: .*the name .*; write another format with --format'
    with pytest.raises(InputError, match=sentence):
        require_written(tmp_path / 'out', None, name, **names)
    assert not [*tmp_path.iterdir()]


def test_a_name_that_is_misread_without_a_label_is_refused_before(tmp_path):
    with pytest.raises(InputError, match="the name 'IMG 12' would be misread"):
        require_written(tmp_path / 'out', None, 'image_list', ['IMG 12'], ['cat'])


@given(table=tables('noisy'))
def test_what_is_not_refused_before_is_written(table):
    for name, source in SOURCES.items():
        if source.unwritten:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, 'out')
            try:
                require_written(path, None, name, table.images, table.classes)
            except InputError:
                assert name in UNSAID
            else:
                write_labels(table, path, format=name)


def test_scores_are_the_shortest_decimals(tmp_path):
    values = np.float32([0.9, 1 / 3, 1e-7, 1, 0])
    table = LabelTable(list('abcde'), ['cat'], range(5), [0] * 5, values, dict(format='csv'))
    path = tmp_path / 'labels.csv'
    SOURCES['csv']().write(table, str(path), 'noisy')
    rows = path.read_text().split()
    assert rows[1:] == ['a,cat,0.9', 'b,cat,0.33333334', 'c,cat,1e-7', 'd,cat,1', 'e,cat,0']
    assert read(path).value.tolist() == values.tolist()
