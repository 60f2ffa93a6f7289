"""Lists of pictures and numbers of classes."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_tables import read, table_of, triples
from test_annotation_round_trips import NAMES, tables

from mmnoisy.datasets.release.csv_blocks import UNLISTED
from mmnoisy.datasets.sources.base import Options, find_source
from mmnoisy.datasets.sources.image_list import ImageList
from mmnoisy.errors import InputError

TEXT = 'cats/1.jpg 0\na, b 2.png  1\nIMG 3.JPG 1\nIMG 3.JPG 0\nphoto.jpg\n'


@pytest.fixture
def write(tmp_path):
    def write(text=TEXT, classes=None, name='classes.txt'):
        (tmp_path / 'train.txt').write_text(text, 'utf-8')
        if classes is not None:
            (tmp_path / name).write_text(classes, 'utf-8')
        return tmp_path / 'train.txt'

    return write


@pytest.mark.parametrize('name', ['classes.txt', 'train_classes.txt'])
def test_names_of_classes_are_found(write, name):
    path = write(TEXT.replace('\n', '\r\n'), 'cat\r\npotted plant\ncow\n\n', name)
    assert isinstance(find_source(str(path), Options()), ImageList)
    table = read(ImageList, path)
    assert table.classes == ['cat', 'potted plant', 'cow']
    assert table.images == ['cats/1.jpg', 'a, b 2.png', 'IMG 3.JPG', 'photo.jpg']
    assert triples(table) == {
        ('cats/1.jpg', 'cat', 1), ('a, b 2.png', 'potted plant', 1),
        ('IMG 3.JPG', 'potted plant', 1), ('IMG 3.JPG', 'cat', 1),
    }  # fmt: skip
    assert table.layout == {'format': 'image_list', 'classes_file': name}
    assert triples(read(ImageList, path, 'verified')) == triples(table)


def test_without_names_the_numbers_are_names(write):
    assert read(ImageList, write()).classes == ['0', '1']


def test_numbers_without_a_name_are_counted(write):
    table = read(ImageList, write(classes='cat\n'))
    assert table.account.dropped == {UNLISTED: 2}
    assert triples(table) == {('cats/1.jpg', 'cat', 1), ('IMG 3.JPG', 'cat', 1)}


@pytest.mark.parametrize(
    'text',
    [
        '',
        'image label\n',
        'a.jpg,0\n',
        'a.jpg\t0\n',
        'a.jpg;cat 1\n',
        'a.jpg\n',
        '1 0\n',
        'a.jpg x\n',
    ],
)
def test_other_files(write, text):
    assert not ImageList.recognises(str(write(text)))


@pytest.mark.parametrize('kind', ['noisy', 'verified'])
@settings(max_examples=50)
@given(data=st.data())
def test_written_and_read_again(kind, data):
    table = data.draw(tables(kind))
    table.value[:] = 1
    folder = Path(tempfile.mkdtemp())
    path = folder / 'cleaned.txt'
    try:
        ImageList().write(table, str(path), kind)
        assert {one.name for one in folder.iterdir()} == {'cleaned.txt', 'cleaned_classes.txt'}
        again = read(ImageList, path, kind)
        assert (again.images, again.classes) == (table.images, table.classes)
        assert triples(again) == triples(table)
    except InputError as error:
        assert 'would be misread' in str(error)
        assert any(
            set(name) & {'\n'} or name != name.strip() for name in table.images + table.classes
        )
    finally:
        shutil.rmtree(folder)


# Of '/' the file would be '/.jpg', which has no ending.
@given(name=NAMES.filter(lambda name: name == name.strip() and not re.search(r'\n|/$', name)))
def test_whatever_is_recognised_is_read(tmp_path_factory, name):
    path = tmp_path_factory.mktemp('list') / 'train.txt'
    path.write_bytes(f'{name}.jpg 3\n'.encode())
    assert ImageList.recognises(str(path))
    assert triples(read(ImageList, path)) == {(f'{name}.jpg', '3', 1)}


def test_what_a_list_cannot_say(tmp_path):
    absent = table_of(['a.jpg'], ['cat'], [(0, 0, 0)])
    with pytest.raises(InputError, match='cannot say that a label is absent'):
        ImageList().write(absent, str(tmp_path / 'a.txt'), 'verified')
    with pytest.raises(InputError, match="the name 'photo 12' would be misread"):
        ImageList().write(table_of(['photo 12'], ['cat'], []), str(tmp_path / 'a.txt'), 'noisy')
    ImageList().write(
        table_of(['photo 12'], ['cat'], [(0, 0, 1)]), str(tmp_path / 'a.txt'), 'noisy'
    )
    assert (tmp_path / 'a.txt').read_text() == 'photo 12 0\n'


def test_a_damaged_list(write, tmp_path):
    write()
    (tmp_path / 'train.txt').write_bytes('é.jpg 0\n'.encode('latin-1'))
    assert not ImageList.recognises(str(tmp_path / 'train.txt'))
    with pytest.raises(InputError, match=r'train.txt: is not in UTF-8'):
        read(ImageList, tmp_path / 'train.txt')
