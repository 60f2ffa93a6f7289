import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.datasets.open_images_csv import (
    read_class_list,
    read_image_ids,
    read_labels,
    read_pairs,
)

HEADER = 'ImageID,Source,LabelName,Confidence\n'
CLASSES = ['/m/a', '/m/b']


def write(tmp_path, text):
    path = tmp_path / 'file.csv'
    path.write_text(text)
    return path


def test_rows_become_columns(tmp_path):
    path = write(
        tmp_path,
        HEADER
        + '000060e3121c7305,machine,/m/b,0.9\n'
        + 'ffffffffffffffff,machine,/m/a,1\n'
        + 'FFFFFFFF00000001,human,/m/a,0.0\n',
    )
    rows = read_labels(path, CLASSES)
    assert rows.image_id.tolist() == [0x60E3121C7305, 2**64 - 1, 0xFFFFFFFF00000001]
    assert rows.label.tolist() == [1, 0, 0]
    np.testing.assert_array_equal(rows.confidence, np.float32([0.9, 1, 0]))
    assert rows.num_rows == 3
    assert not any(rows.dropped.values())


def test_every_row_is_kept_or_counted(tmp_path):
    path = write(
        tmp_path,
        HEADER
        + '000060e3121c7305,machine,/m/b,0.9\n'
        + '60e3121c7305,machine,/m/b,0.9\n'
        + '+00060e3121c7305,machine,/m/b,0.9\n'
        + '../../etc/passwd,machine,/m/b,0.9\n'
        + '000060e3121c7305,machine,/m/c,0.9\n'
        + '000060e3121c7305,machine,/m/a,often\n'
        + '000060e3121c7305,machine,/m/a,1.5\n'
        + '000060e3121c7305,machine,/m/a,nan\n'
        + '000060e3121c7305,,/m/a,1\n',
    )
    rows = read_labels(path, CLASSES)
    assert rows.dropped == {
        'malformed image id': 3,
        'class outside the class list': 1,
        'confidence outside [0, 1]': 3,
        'no source': 1,
    }
    assert rows.num_rows == len(rows.label) + sum(rows.dropped.values())
    assert rows.examples == {
        'malformed image id': "'60e3121c7305' in line 3",
        'class outside the class list': "'/m/c' in line 6",
        'confidence outside [0, 1]': "'often' in line 7",
        'no source': "'' in line 10",
    }


def test_keep_counts_the_rest(tmp_path):
    path = write(tmp_path, HEADER + '00000000000000aa,machine,/m/a,1\n' * 3)
    rows = read_labels(path, CLASSES).keep(np.array([True, False, True]), 'a reason')
    assert len(rows.label) == 2
    assert rows.dropped['a reason'] == 1


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        ('000060e3121c7305,machine,/m/a,0.9\n', 'the header is'),
        (HEADER.strip() + ',XMin\n', 'the header is'),
        ('', "the header is ''"),
        (HEADER + '000060e3121c7305,machine,/m/zzz,0.9\n', "'/m/zzz' in line 2.*the same release"),
        (HEADER + '000060e3121c7305,machine,/m/a,0.9,1,2\n', 'cannot be read as CSV'),
    ],
)
def test_unusable_label_files(tmp_path, text, complaint):
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=complaint) as error:
        read_labels(path, CLASSES)
    assert str(path) in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r'nowhere\.csv: there is no such file'):
        read_labels(tmp_path / 'nowhere.csv', CLASSES)


def test_image_list(tmp_path):
    path = write(
        tmp_path,
        'ImageID,Subset,Title\n'
        'ffffffffffffffff,train,"a, quoted ""title"""\n'
        '0000000000000001,train,\n'
        'ffffffffffffffff,train,again\n',
    )
    assert read_image_ids(path).tolist() == [1, 2**64 - 1]
    with pytest.raises(InputError, match="'12' is no image id"):
        read_image_ids(write(tmp_path, 'ImageID\n12\n'))
    with pytest.raises(InputError, match="an image list begins with 'ImageID'"):
        read_image_ids(write(tmp_path, 'id,Subset\n'))


def test_class_list(tmp_path):
    assert read_class_list(write(tmp_path, '/m/b\n/g/a\n')) == ['/m/b', '/g/a']
    for text, complaint in (
        ('', 'is empty'),
        ('/m/a\n/m/a\n', 'appears twice'),
        ('/m/a\nCat\n', "'Cat' is no MID"),
        ('/m/../../x\n', 'is no MID'),
    ):
        with pytest.raises(InputError, match=complaint):
            read_class_list(write(tmp_path, text))


def test_pairs_with_and_without_header(tmp_path):
    rows = [['/m/02wvth', 'Fiat 500 "topolino"'], ['/m/03hgsf0', 'Lemon, lime and bitters']]
    text = '/m/02wvth,"Fiat 500 ""topolino"""\n/m/03hgsf0,"Lemon, lime and bitters"\n'
    assert read_pairs(write(tmp_path, text)) == rows
    assert read_pairs(write(tmp_path, 'LabelName,DisplayName\n' + text)) == rows
    with pytest.raises(InputError, match='has 3 fields instead of 2'):
        read_pairs(write(tmp_path, '/m/a,Lemon, lime\n'))
