"""A folder for each class."""

import os

import pytest
from label_tables import read, table_of, triples

from mmnoisy.datasets.sources.picture_folders import PictureFolders
from mmnoisy.errors import InputError


@pytest.fixture
def pictures(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / 'photos' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / 'photos'

    return make


def test_the_first_folder_is_the_class(pictures):
    folder = pictures(
        *('cat/1.jpg', 'cat/indoors/photo 12.JPG', 'tooth brush/a.b.c.png', 'é/猫.webp'),
        *('top.jpg', 'cat/notes.txt', 'empty/.gitkeep', '.cache/x/1.jpg', 'cat/.1.jpg'),
    )
    assert PictureFolders.recognises(str(folder))
    table = read(PictureFolders, folder)
    assert triples(table) == {
        ('cat/1.jpg', 'cat', 1),
        ('cat/indoors/photo 12.JPG', 'cat', 1),
        ('tooth brush/a.b.c.png', 'tooth brush', 1),
        ('é/猫.webp', 'é', 1),
    }
    assert 'top.jpg' in table.images
    assert table.account.rows == 5
    assert read(PictureFolders, folder, 'verified').images == sorted({*table.images} - {'top.jpg'})


def test_folders_of_splits(pictures):
    folder = pictures('train/cat/1.jpg', 'train/dog/2.jpg', 'Val/cat/1.jpg', 'Val/3.jpg')
    table = read(PictureFolders, folder)
    assert triples(table) == {
        ('train/cat/1.jpg', 'cat', 1),
        ('train/dog/2.jpg', 'dog', 1),
        ('Val/cat/1.jpg', 'cat', 1),
    }
    pictures('cat/1.jpg')  # so they are not only splits
    assert {*read(PictureFolders, folder).classes} == {'train', 'Val', 'cat'}


def test_links_are_followed_once(pictures, tmp_path):
    folder = pictures('cat/1.jpg')
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere/2.jpg').touch()
    os.symlink(tmp_path / 'elsewhere', folder / 'dog')
    os.symlink(tmp_path / 'elsewhere/2.jpg', folder / 'cat/3.jpg')
    os.symlink(folder, folder / 'cat/round')
    assert triples(read(PictureFolders, folder)) == {
        ('cat/1.jpg', 'cat', 1),
        ('cat/3.jpg', 'cat', 1),
        ('dog/2.jpg', 'dog', 1),
    }


@pytest.mark.skipif(os.name != 'posix', reason='names are texts there')
def test_a_name_that_is_no_utf8(pictures):
    folder = pictures('cat/1.jpg')
    try:
        open(os.fsencode(folder / 'cat') + b'/\xe9.jpg', 'wb').close()
    except OSError:
        pytest.skip('the file system takes no such name')
    table = read(PictureFolders, folder)
    assert table.images == ['cat/1.jpg']
    assert sum(table.account.dropped.values()) == 1


def test_no_pictures(pictures):
    folder = pictures('cat/notes.txt')
    assert not PictureFolders.recognises(str(folder))
    assert not PictureFolders.recognises(str(folder / 'missing'))
    with pytest.raises(InputError, match='photos: holds no image'):
        read(PictureFolders, folder)
    with pytest.raises(InputError, match='missing: cannot be read'):
        read(PictureFolders, folder / 'missing')


def test_it_is_read_only(tmp_path):
    table = table_of(['cat/1.jpg'], ['cat', 'dog'], [(0, 1, 1)])
    with pytest.raises(InputError, match='name another format with --format'):
        PictureFolders().write(table, str(tmp_path / 'out'), 'noisy')
    assert not [*tmp_path.iterdir()]
