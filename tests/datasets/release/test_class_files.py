import pytest

from mmnoisy import InputError
from mmnoisy.datasets.release.class_files import read_class_list, read_pairs
from mmnoisy.datasets.release.files import ReleaseFile


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / 'classes.csv'
        path.write_text(text)
        return ReleaseFile(path)

    return write


def test_class_list(write):
    assert read_class_list(write('/m/b\n/g/a\n')) == ['/m/b', '/g/a']
    for text, complaint in (
        ('', 'is empty'),
        ('/m/a\n/m/a\n', 'appears twice'),
        ('/m/a\nCat\n', "'Cat' is no MID"),
        ('/m/../../x\n', 'is no MID'),
    ):
        with pytest.raises(InputError, match=complaint):
            read_class_list(write(text))


def test_pairs_with_and_without_header(write):
    rows = [['/m/02wvth', 'Fiat 500 "topolino"'], ['/m/03hgsf0', 'Lemon, lime and bitters']]
    text = '/m/02wvth,"Fiat 500 ""topolino"""\n/m/03hgsf0,"Lemon, lime and bitters"\n'
    assert read_pairs(write(text)) == rows
    assert read_pairs(write('LabelName,DisplayName\n' + text)) == rows
    with pytest.raises(InputError, match='has 3 fields instead of 2'):
        read_pairs(write('/m/a,Lemon, lime\n'))
    with pytest.raises(InputError, match='is no CSV file'):
        read_pairs(write('/m/a,' + 'x' * 200_000))


@pytest.mark.parametrize('mark', [',', ';', '\t'])
@pytest.mark.parametrize('header', ['', 'LabelName{}DisplayName\r\n'])
def test_tables_of_spreadsheets(tmp_path, mark, header):
    rows = ['/m/a{}"Bread, sliced"', '/m/b{}"Tea; black"', '{}', '/m/c{}Cat']
    text = header + '\r\n'.join(rows) + '\r\n'
    path = tmp_path / 'saved.csv'
    path.write_bytes(b'\xef\xbb\xbf' + text.replace('{}', mark).encode())
    expected = [['/m/a', 'Bread, sliced'], ['/m/b', 'Tea; black'], ['/m/c', 'Cat']]
    assert read_pairs(ReleaseFile(path)) == expected
    classes = 'LabelName{0}\r\n' * bool(header) + '/m/a{0}\r\n"/m/b"\r\n{0}\r\n'
    path.write_bytes(b'\xef\xbb\xbf' + classes.format(mark).encode())
    assert read_class_list(ReleaseFile(path)) == ['/m/a', '/m/b']
