import csv
import json
from pathlib import Path

import pytest

from mmnoisy import InputError
from mmnoisy.io.atomic import (
    atomic_files,
    atomic_folder,
    atomic_write,
    folder_made_of,
    remove_parts,
    write_csv,
    write_json,
)


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / 'folder/file.txt'
    with atomic_write(path) as file:
        file.write('é')
        assert not path.exists()
    assert path.read_text('utf-8') == 'é'
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / 'file.txt'
    path.write_text('before')
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write('after')
        raise ZeroDivisionError
    assert path.read_text() == 'before'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs a device that is full')
@pytest.mark.parametrize('size', [10, 10**6])
def test_a_full_disk_is_one_sentence(tmp_path, size):
    path = tmp_path / 'file.json'
    (tmp_path / '.file.json.part').symlink_to('/dev/full')
    with pytest.raises(InputError, match=r'file.json: cannot be written \(No space left on device'):
        write_json(path, dict(text='x' * size))
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match='cannot be written'), atomic_write(tmp_path) as file:
        file.write('x')
    assert not list(tmp_path.parent.glob('*.part'))


def test_a_folder_appears_when_it_is_whole(tmp_path):
    out = tmp_path / 'new/out'
    (tmp_path / 'new/.out.part').mkdir(parents=True)
    (tmp_path / 'new/.out.part/left').write_text('by a run that was killed')
    with atomic_folder(out) as folder:
        (folder / 'a').write_text('1')
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ['a']
    assert [*out.parent.iterdir()] == [out]
    refused = pytest.raises(InputError, match=r'out: cannot be written \(Directory not empty')
    with refused, atomic_folder(out) as folder:
        (folder / 'b').write_text('2')
    assert [path.name for path in out.iterdir()] == ['a']


def test_files_arrive_together(tmp_path):
    out = tmp_path / 'new/out'
    with atomic_files(out) as folder:
        (folder / 'a').write_text('1')
        assert not (out / 'a').exists()
        (folder / 'b').write_text('2')
    assert sorted(path.name for path in out.iterdir()) == ['a', 'b']


def test_none_arrives_where_one_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic_files(tmp_path) as folder:
        (folder / 'a').write_text('1')
        raise ZeroDivisionError
    assert not [*tmp_path.iterdir()]


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / 'out').write_text('')
    for write in (atomic_files(tmp_path / 'out'), atomic_write(tmp_path / 'out/below')):
        with pytest.raises(InputError, match=r'out.*: cannot be written \('), write:
            pass


def test_errors_of_reading_are_not_told_as_errors_of_writing(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / 'out') as file:
        file.write((tmp_path / 'gone').read_text())


def test_rows_with_commas_and_quotes_come_back(tmp_path):
    rows = [['a,b', 'said "no"'], ['', 'x\ny']]
    write_csv(tmp_path / 'a.csv', ['one', 'two'], rows)
    with open(tmp_path / 'a.csv', newline='') as file:
        assert [*csv.reader(file)] == [['one', 'two'], *rows]


def test_a_folder_of_results_is_emptied_when_they_are_of_something_else(tmp_path):
    folder = folder_made_of(tmp_path / 'a/b', {'model': 1})
    (folder / 'result').touch()
    assert folder_made_of(folder, {'model': 1}) == folder and (folder / 'result').exists()
    folder_made_of(folder, {'model': 2})
    assert [path.name for path in folder.iterdir()] == ['made_of.json']


def test_half_a_character_comes_back_from_json(tmp_path):
    values = {'name': 'é\ud83d', 'emoji': '\U0001f600', 'plain': '\\ud83d'}
    write_json(tmp_path / 'a.json', values)
    assert json.loads((tmp_path / 'a.json').read_bytes()) == values


def test_what_the_killed_have_left_is_removed_and_nothing_else(tmp_path):
    for name in ('a.jpg', '.a.jpg.host-7.part', 'in/.b.part', 'in/c.part', 'in/.hidden'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    remove_parts(tmp_path)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob('*')}
    assert left == {'a.jpg', 'in', 'in/c.part', 'in/.hidden'}
