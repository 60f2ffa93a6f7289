"""Folders of CSV files against the one file that they are the pieces of."""

import gzip

import numpy as np
import pytest
from made_tables import read, said

from mmnoisy import InputError

LONG = ['path,label,score', 'a.jpg,cat,0.5', 'a.jpg,dog,1', 'b.jpg,dog,0.25', 'c.jpg,elk,0.75']
WIDE = ['path,cat,dog', 'a.jpg,0.5,1', 'b.jpg,,0.25', 'c.jpg,1,']
LISTS = ['path;labels', 'a.jpg;cat|dog', 'b.jpg;elk', 'c.jpg;dog|ant|cat']


def write(folder, pieces):
    folder.mkdir()
    for k, lines in enumerate(pieces):
        (folder / f'part-{k:05}.csv').write_text('\n'.join([*lines, '']) if lines else '')


def assert_same(a, b):
    assert (a.images, a.classes, a.layout) == (b.images, b.classes, b.layout)
    for name in ('image', 'label', 'value'):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert a.account == b.account


@pytest.mark.parametrize('lines', [LONG, WIDE, LISTS], ids=['long', 'wide', 'lists'])
@pytest.mark.parametrize('cut', [1, 2, 3])
def test_it_says_what_the_whole_file_says(tmp_path, lines, cut):
    header, *rows = lines
    (tmp_path / 'whole.csv').write_text('\n'.join(lines))
    # Of pieces without a row one has a header and one nothing, as Spark writes them.
    write(tmp_path / 'pieces', [[header], [header, *rows[:cut]], [], [header, *rows[cut:]]])
    (tmp_path / 'pieces/_SUCCESS').touch()
    (tmp_path / 'pieces/.part-00000.csv.crc').write_bytes(b'\1')
    assert_same(read(tmp_path / 'pieces'), read(tmp_path / 'whole.csv'))


def test_without_headers_packed_and_in_folders(tmp_path):
    (tmp_path / 'whole.csv').write_text('\n'.join(LONG[1:]))
    write(tmp_path / 'pieces', [LONG[1:3]])
    (tmp_path / 'pieces/z').mkdir()
    packed = gzip.compress('\n'.join(LONG[3:]).encode())
    (tmp_path / 'pieces/z/part.csv.gz').write_bytes(packed)
    assert_same(read(tmp_path / 'pieces'), read(tmp_path / 'whole.csv'))


def test_an_image_may_be_in_several_files(tmp_path):
    write(tmp_path / 'pieces', [LONG[:2], [LONG[0], 'a.jpg,cat,0.9', 'a.jpg,dog'], LONG[:1]])
    table = read(tmp_path / 'pieces')
    assert said(table) == [('a.jpg', 'cat', 0.9)]
    assert table.account.rows == 3
    assert table.account.dropped == {
        'another number of cells than the other rows': 1,
        'label given twice': 1,
    }


def test_files_of_another_kind(tmp_path):
    write(tmp_path / 'pieces', [LONG, WIDE])
    complaint = 'part-00001.csv: has other columns than .*part-00000.csv; leave files of one kind'
    with pytest.raises(InputError, match=complaint):
        read(tmp_path / 'pieces')
    write(tmp_path / 'mixed', [LONG])
    (tmp_path / 'mixed/a.jpg').touch()
    with pytest.raises(InputError, match='mixed: is in no format that is known'):
        read(tmp_path / 'mixed')  # such as of pictures, where the CSV may be anything
    with pytest.raises(InputError, match='mixed: is no folder of CSV files alone; give one, or'):
        read(tmp_path / 'mixed', format='csv')
