from pathlib import Path

import pytest

from mmnoisy import InputError
from mmnoisy.engine.launch import write_json
from mmnoisy.engine.whole_file import whole_file


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / 'folder/file.txt'
    with whole_file(path) as file:
        file.write('é')
        assert not path.exists()
    assert path.read_text('utf-8') == 'é'
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / 'file.txt'
    path.write_text('before')
    with pytest.raises(ZeroDivisionError), whole_file(path) as file:
        file.write('after')
        raise ZeroDivisionError
    assert path.read_text() == 'before'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs a device that is full')
@pytest.mark.parametrize('size', [10, 10**6])
def test_a_full_disk_is_one_sentence(tmp_path, size):
    path = tmp_path / 'file.json'
    (tmp_path / 'file.json.tmp').symlink_to('/dev/full')
    with pytest.raises(InputError, match=r'file.json: cannot be written \(No space left on device'):
        write_json(path, dict(text='x' * size))
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match='cannot be written'), whole_file(tmp_path) as file:
        file.write('x')
    assert not list(tmp_path.parent.glob('*.tmp'))
