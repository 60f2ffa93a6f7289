import gzip
from collections import Counter

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.datasets.release import files
from mmnoisy.datasets.release.csv_files import count_labels, read_image_ids, read_labels
from mmnoisy.datasets.release.files import ReleaseFile

HEADER = 'ImageID,Source,LabelName,Confidence\n'
CLASSES = ['/m/a', '/m/b']


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / 'file.csv'
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return ReleaseFile(path)

    return write


def by_row(rows):
    """(image, label, value) of every row."""
    images = np.repeat(rows.image_id, rows.count).tolist()
    return list(zip(images, rows.label.tolist(), rows.value.tolist()))


def test_rows_become_columns(write):
    file = write(
        HEADER
        + '000060e3121c7305,machine,/m/b,0.5\n'
        + '000060e3121c7305,machine,/m/a,0.75\n'
        + 'ffffffffffffffff,machine,/m/a,1\n'
        + '"FFFFFFFF00000001","machine","/m/a"," 0.0"\n'
    )
    rows = read_labels(file, CLASSES, 'machine')
    assert rows.image_id.tolist() == [0x60E3121C7305, 2**64 - 1, 0xFFFFFFFF00000001]
    assert by_row(rows) == [
        (0x60E3121C7305, 0, 0.75),
        (0x60E3121C7305, 1, 0.5),
        (2**64 - 1, 0, 1),
        (0xFFFFFFFF00000001, 0, 0),
    ]
    assert rows.account.rows == 4
    assert not rows.account.dropped


def test_every_row_is_kept_or_counted(write):
    file = write(
        HEADER
        + '000060e3121c7305,machine,/m/b,0.9\n'
        + 'one,two\n'
        + '60e3121c7305,machine,/m/b,0.9\n'
        + '+00060e3121c7305,machine,/m/b,0.9\n'
        + '../../etc/passwd,machine,/m/b,0.9\n'
        + '000060e3121c7305,machine,/m/c,0.9\n'
        + '\n'
        + '000060e3121c7305,machine,/m/a,often\n'
        + '000060e3121c7305,machine,/m/a,1.5\n'
        + '000060e3121c7305,machine,/m/a,nan\n'
        + '000060e3121c7305,machine,/m/a,0_1\n'
        + '000060e3121c7305,verification,/m/a,1\n'
    )
    account = read_labels(file, CLASSES, 'machine').account
    assert account.rows == 11  # a blank line is none
    assert account.dropped == {
        'not four fields': 1,
        'malformed image id': 3,
        'class outside the class list': 1,
        'confidence outside [0, 1]': 4,
        'verdict among machine labels or machine label among verdicts': 1,
    }
    assert account.examples == {
        'not four fields': "'one,two' in line 3",
        'malformed image id': "'60e3121c7305' in line 4",
        'class outside the class list': "'/m/c' in line 7",
        'confidence outside [0, 1]': "'often' in line 9",
        'verdict among machine labels or machine label among verdicts': "'verification' in line 13",
    }


def test_verdicts_are_weighed_by_their_source(write):
    image = '000060e3121c7305'
    sources = ('human,/m/a,1.0', 'verification,/m/a,0', 'crowdsource-verification,/m/b,1')
    file = write(HEADER + ''.join(f'{image},{source}\n' for source in (*sources, 'machine,/m/a,1')))
    rows = read_labels(file, CLASSES, 'human')
    assert [value for _, _, value in by_row(rows)] == [1024, -1024, 1]
    assert sum(rows.account.dropped.values()) == 1


@pytest.mark.parametrize(
    ('coded', 'codes'),
    [
        ('0 0.0 1 1.0', (2, 2, 0)),
        ('-1 1 -1.0 +1', (0, 2, 2)),
        ('false True NO yes', (2, 2, 0)),
        ('no yes 0 TRUE', (2, 2, 0)),
    ],
)
def test_codings_of_verdicts(write, coded, codes):
    expected = {'0': -1, '0.0': -1, '-1': -1, '-1.0': -1, 'false': -1, 'no': -1}
    lines = [f'{k:016x},human,/m/a,{text}\n' for k, text in enumerate(coded.split())]
    rows = read_labels(write(HEADER + ''.join(lines)), CLASSES, 'human')
    signs = [np.sign(value) for _, _, value in by_row(rows)]
    assert signs == [expected.get(text.lower(), 1) for text in coded.split()]
    assert rows.codes == codes


@pytest.mark.parametrize('text', ['0.5', '0.999', '2', 'nan', 'maybe', '', '1_0'])
def test_what_is_no_verdict_is_counted(write, text):
    image = '000060e3121c7305'
    file = write(f'{HEADER}{image},human,/m/a,{text}\n{image},human,/m/b,1\n')
    rows = read_labels(file, CLASSES, 'human')
    assert by_row(rows) == [(0x60E3121C7305, 1, 1024)]
    assert rows.account.dropped == {'verdict other than 0/1, true/false, yes/no or 1/-1': 1}


def test_a_file_with_two_ways_to_say_absent_is_refused(write):
    image = '000060e3121c7305'
    lines = [f'{image},human,/m/{c},{v}\n' for c, v in (('a', 0), ('b', -1), ('a', 1))]
    with pytest.raises(InputError, match='has 1 verdict of 0 and 1 verdict of -1'):
        read_labels(write(HEADER + ''.join(lines)), CLASSES, 'human')


@pytest.mark.parametrize(('mark', 'number'), [(';', '0,5'), ('\t', '0,5'), (';', '0.5')])
def test_files_of_spreadsheets(write, mark, number):
    """Byte order mark, semicolons or tabs, decimal commas, blank rows."""
    row = ['000060e3121c7305', 'machine', '/m/b', number]
    rows = [HEADER.strip().split(','), row, [''] * 4, ['0' * 16, 'machine', '/m/c', '1']]
    text = '\ufeff' + '\r\n'.join(map(mark.join, rows)) + '\r\n\r\n'
    found = read_labels(write(text), CLASSES, 'machine')
    assert by_row(found) == [(0x60E3121C7305, 1, 0.5)]
    assert found.account.rows == 2
    assert found.account.examples == {'class outside the class list': "'/m/c' in line 4"}
    images = f'\ufeffImageID{mark}Subset\r\n{0:016x}{mark}train\r\n\r\n{1:016x}{mark}test\r\n'
    image_ids, account = read_image_ids(write(images), 'train')
    assert image_ids.tolist() == [0]
    assert account.rows == 2


def test_a_header_alone_is_refused(write):
    for kind in ('machine', 'human'):
        with pytest.raises(InputError, match='has no row; give the label file'):
            read_labels(write(HEADER + '\n'), CLASSES, kind)
    with pytest.raises(InputError, match='has no row; give the image list'):
        read_image_ids(write('ImageID,Subset\n'))


def test_a_small_block_size_changes_nothing(write, monkeypatch):
    image_ids = np.arange(50).repeat(3)
    lines = [f'{i:016x},machine,/m/{"abc"[k % 3]},0.{k % 9}\n' for k, i in enumerate(image_ids)]
    file = write(HEADER + ''.join(lines))
    whole = read_labels(file, CLASSES, 'machine')
    monkeypatch.setattr(files, 'BLOCK_BYTES', 100)
    pieces = read_labels(file, CLASSES, 'machine')
    assert by_row(pieces) == by_row(whole)
    assert pieces.account == whole.account
    assert read_image_ids(file)[0].tolist() == list(range(50))
    monkeypatch.setattr(files, 'BLOCK_BYTES', 10)
    with pytest.raises(InputError, match='no text of lines; give a CSV file'):
        read_image_ids(write('ImageID\n' + 'x' * 50))


@pytest.mark.parametrize(
    ('text', 'line'),
    [
        ('ImageID,Source,Label,Confidence\n{row}', 'line 3'),
        ('image_id,source,label_name,confidence\r\n{row}', 'line 3'),
        ('\ufeff' + HEADER + '{row}', 'line 3'),
        ('{row}', 'line 2'),
        ('ImageID,Confidence:Labels...\n000060e3121c7305,0.5:/m/b,0.5:/m/none\n', 'label 2'),
    ],
)
def test_headers_of_all_publications(write, text, line):
    row = '000060e3121c7305,machine,/m/b,0.5\n000060e3121c7305,machine,/m/none,0.5'
    file = write(text.replace('{row}', row))
    rows = read_labels(file, CLASSES, 'machine')
    assert by_row(rows) == [(0x60E3121C7305, 1, 0.5)]
    assert rows.account.rows == 2
    assert rows.account.examples == {'class outside the class list': f"'/m/none' in {line}"}
    assert count_labels(file) == Counter({'/m/b': 1, '/m/none': 1})


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        ('id,label\n', "the header is 'id,label' instead of"),
        (HEADER.strip() + ',XMin\n', 'the header is'),
        ('', "the header is ''"),
        (HEADER.encode('utf-16'), 'the header is'),
        (HEADER + '000060e3121c7305,machine,/m/zzz,0.9\n', "'/m/zzz' in line 2.*the same release"),
        (HEADER + '000060e3121c7305,machine,/m/\xe9,1,\xe9\n', 'not four fields, the first: '),
    ],
)
def test_unusable_label_files(write, text, complaint):
    file = write(text)
    with pytest.raises(InputError, match=complaint) as error:
        read_labels(file, CLASSES, 'machine')
    assert str(file.path) in str(error.value)


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(InputError, match=r'nowhere\.csv: there is no such file'):
        read_labels(ReleaseFile(tmp_path / 'nowhere.csv'), CLASSES, 'machine')
    path = tmp_path / 'labels.csv.gz'
    path.write_bytes(gzip.compress(HEADER.encode() * 9)[:-12])
    with pytest.raises(InputError, match=r'labels\.csv\.gz: is damaged .*; download it again'):
        read_labels(ReleaseFile(path), CLASSES, 'machine')


def test_image_list(write):
    file = write(
        'ImageID,Subset,Title\n'
        'ffffffffffffffff,train,"a, quoted ""title"""\n'
        '0000000000000001,train,\n'
        '0000000000000002,"train","of two\nlines, say"\n'
        '"0000000000000003","validation",\n'
        'ffffffffffffffff,train,again\n'
        '12,train,\n'
        '00000000000000045,train,too long\n'
    )
    image_ids, account = read_image_ids(file, 'train')
    assert image_ids.tolist() == [1, 2, 2**64 - 1]
    assert account.rows == 8
    assert account.dropped == {
        'malformed image id': 3,
        'image of another subset': 1,
        'given more than once': 1,
    }
    assert account.examples['malformed image id'] == "'lines, say\"' in line 5"
    assert read_image_ids(file)[0].tolist() == [1, 2, 3, 2**64 - 1]


def test_unusable_image_lists(write):
    with pytest.raises(InputError, match="malformed image id, the first: '12' in line 2"):
        read_image_ids(write('ImageID\n12\n'))
    with pytest.raises(InputError, match=r"instead of 'ImageID,\.\.\.'"):
        read_image_ids(write('id,Subset\n'))
    assert read_image_ids(write('0000000000000001\n0000000000000000'))[0].tolist() == [0, 1]
