import pytest

from mmnoisy import InputError
from mmnoisy.reporting.files import whole_files


def test_files_arrive_together(tmp_path):
    out = tmp_path / 'new/out'
    with whole_files(out) as folder:
        (folder / 'a').write_text('1')
        assert not (out / 'a').exists()
        (folder / 'b').write_text('2')
    assert sorted(path.name for path in out.iterdir()) == ['a', 'b']


def test_none_arrives_where_one_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_files(tmp_path) as folder:
        (folder / 'a').write_text('1')
        raise ZeroDivisionError
    assert not [*tmp_path.iterdir()]


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / 'out').write_text('')
    with (
        pytest.raises(InputError, match='out: cannot be written to'),
        whole_files(tmp_path / 'out'),
    ):
        pass
