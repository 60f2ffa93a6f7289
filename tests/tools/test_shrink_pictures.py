"""Shrinking folders, configs and projects, by shards, and after an end of any kind."""

import csv
import json
import multiprocessing
import os
import pickle
import shutil
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet
from small_classifier import refused, run

from mmnoisy.datasets import OpenImages
from mmnoisy.datasets.pictures import shrink
from mmnoisy.datasets.pictures.decoding import decode
from mmnoisy.datasets.project import Project
from mmnoisy.engine.config import load_config, parse_options
from mmnoisy.engine.picture_sets import (
    pictures_of_folder,
)
from mmnoisy.engine.sets import SETS
from mmnoisy.engine.shrinking import Shrinking, Size, shrunk_tables

TOOL = 'shrink_pictures.py'
NAMES = [
    *(f'plain/{k:02}.jpg' for k in range(20)),
    *('a, b.png', 'c d/é.JPG', '50%/{id}.jpeg', '日本/x.webp', 'small.png', f'{"n" * 200}.jpg'),
]
COMMAND = ['--short-edge', '20', '--num-workers', '1', '--shard-images', '8']


def files(folder):
    """The content of all files below a folder."""
    found = (path for path in folder.rglob('*') if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def times(folder):
    return {name: (folder / name).stat().st_mtime_ns for name in files(folder)}


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    """A folder of pictures with odd names, and of what is none."""
    root, rng = tmp_path_factory.mktemp('in') / 'photos, all', np.random.default_rng(0)
    for name in NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        size = (12 if 'small' in name else 40, 50, 3)
        Image.fromarray(rng.integers(256, size=size, dtype=np.uint8)).save(root / name)
    (root / 'notes.txt').write_text('no picture')
    (root / 'broken.jpg').write_bytes((root / NAMES[0]).read_bytes()[:-50])
    (root / 'empty.png').touch()
    return root


@pytest.fixture(scope='module')
def expected(photos, tmp_path_factory):
    """The files that one run in peace writes."""
    out = tmp_path_factory.mktemp('out') / 'small'
    run(TOOL, photos, '--out', out, *COMMAND)
    return files(out)


def test_a_folder(photos, expected, tmp_path, capsys):
    out = tmp_path / 'small'
    run(TOOL, photos, '--out', out, *COMMAND[:2], '--num-workers', '2')
    done = capsys.readouterr()
    assert f'{out}: 26 pictures, 0.0 MB in place of 0.' in done.out
    assert done.out.endswith(': 25 shrunk, 1 copied as they are\n')
    first = f'{photos / "broken.jpg"}: ends before its end-of-image marker\n'
    told = '1 ends before its end-of-image marker, 1 the file is empty; the first: '
    assert told + first in done.err
    assert 'files that are no pictures by their names: 1\n' in done.err  # the notes
    assert files(out) == expected
    assert {*expected} == {*NAMES, 'shrunk.json', 'failures.csv'}
    for name in NAMES:
        made, source = expected[name], (photos / name).read_bytes()
        assert made == (shrink.shrink(source, 20) or source)
        assert decode(made).shape == ((12, 50, 3) if 'small' in name else (20, 25, 3))
    with open(out / 'failures.csv', newline='') as file:
        rows = [*csv.reader(file)]
    assert rows[1:] == [
        ['broken.jpg', 'ends before its end-of-image marker'],
        ['empty.png', 'the file is empty'],
    ]
    assert [path.name for path in tmp_path.iterdir()] == ['small']  # what was unfinished is gone


BUSY = """
import cv2
import numpy as np
from mmnoisy.cli.main import main
cv2.setNumThreads(4)
cv2.GaussianBlur(np.zeros((4000, 4000, 3), np.uint8), (31, 31), 0)
main()
"""


def test_where_opencv_has_threads(photos, expected, tmp_path):
    options = ['--out', tmp_path / 'small', *COMMAND[:2], '--num-workers', '2']
    command = [sys.executable, '-c', BUSY, 'shrink', photos, *options]
    subprocess.run([*map(str, command)], check=True, timeout=300)  # processes that wait for ever
    assert files(tmp_path / 'small') == expected


def test_again_nothing_is_written_but_what_is_new(photos, expected, tmp_path, capsys):
    shutil.copytree(photos, tmp_path / 'photos')
    command = (tmp_path / 'photos', '--out', tmp_path / 'small', *COMMAND)
    run(TOOL, *command)
    before = times(tmp_path / 'small')
    shutil.copy(photos / 'a, b.png', tmp_path / 'photos/new.png')
    capsys.readouterr()
    run(TOOL, *command)
    assert ': 1 shrunk, 26 there already\n' in capsys.readouterr().out
    after = times(tmp_path / 'small')
    assert after.keys() - before.keys() == {'new.png'}
    assert all(after[name] == before[name] for name in NAMES)


def test_a_name_that_is_not_utf8_is_counted(photos, tmp_path, capsys):
    (tmp_path / 'photos').mkdir()
    shutil.copy(photos / NAMES[0], tmp_path / 'photos/a.jpg')
    shutil.copy(photos / NAMES[0], bytes(tmp_path) + b'/photos/\xe9.jpg')
    out = tmp_path / 'small'
    run(TOOL, tmp_path / 'photos', '--out', out, *COMMAND)
    told = capsys.readouterr()
    assert told.out.endswith(': 1 shrunk\n')
    shown = r'\udce9.jpg'
    assert f'1 a name that is not UTF-8; the first: {tmp_path}/photos/{shown}: a' in told.err
    assert shown in (out / 'failures.csv').read_text()


def test_an_interrupted_run_goes_on_with_pictures_that_came_since(photos, expected, tmp_path):
    out = tmp_path / 'small'
    shutil.copytree(photos, tmp_path / 'photos')
    command = [tmp_path / 'photos', '--out', out, *COMMAND]
    run(TOOL, *command, '--shards', '0/2')
    before = times(out)
    shutil.copy(photos / 'a, b.png', tmp_path / 'photos/a new one.png')
    run(TOOL, *command)
    found = files(out)
    assert found.pop('a new one.png') == found['a, b.png']
    assert {**found, 'shrunk.json': expected['shrunk.json']} == expected
    assert all(times(out)[name] == before[name] for name in before if name in NAMES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['photos', 'small']


def _killed(photos, out):
    """In a process of its own: dies while it writes the 13th picture."""
    count = iter(range(10**6))

    def encode(picture, quality, before=shrink.encode_jpeg):
        if next(count) == 13:
            shrink.atomic_write = dying
        return before(picture, quality)

    def dying(path, *args, **kwargs):
        path.with_name(f'.{path.name}.part').write_bytes(b'half')
        os.kill(os.getpid(), signal.SIGKILL)

    shrink.encode_jpeg = encode
    run(TOOL, photos, '--out', out, *COMMAND)


def test_killed_and_started_again(photos, expected, tmp_path):
    out = tmp_path / 'small'
    process = multiprocessing.get_context('fork').Process(target=_killed, args=(photos, out))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    made = {name: data for name, data in files(out).items() if '.part' not in name}
    assert 10 < len(made) < len(expected)
    assert all(expected[name] == data for name, data in made.items())
    before = times(out)
    run(TOOL, photos, '--out', out, *COMMAND)
    assert files(out) == expected  # and nothing half-written beside them
    assert all(times(out)[name] == before[name] for name in made if name in NAMES)


def test_shares_that_know_nothing_of_one_another(photos, expected, tmp_path, capsys):
    out = tmp_path / 'small'
    for share in ('1/2', '0/2'):
        run(TOOL, photos, '--out', out, *COMMAND, '--shards', share)
        assert f'{out}: shards {share} are finished; without' in capsys.readouterr().out
    before = times(out)
    run(TOOL, photos, '--out', out, *COMMAND)
    # Counted as they were when they were written.
    assert ': 25 shrunk, 1 copied as they are\n' in capsys.readouterr().out
    assert files(out) == expected
    assert {**times(out), 'failures.csv': 0} == {**before, 'failures.csv': 0}


def test_shards_in_place_of_files(photos, expected, tmp_path):
    run(TOOL, photos, '--out', tmp_path / 'small', *COMMAND, '--parquet')
    rows = parquet.read_table(tmp_path / 'small').to_pylist()
    assert {row['path']: row['data'] for row in rows if row['data']} == {
        name: expected[name] for name in NAMES
    }
    assert sorted(row['error'] is not None for row in rows) == [False] * 26 + [True] * 2


def test_the_work_travels_to_other_machines(photos, expected, tmp_path):
    pictures = pictures_of_folder(photos)
    shrinking = Shrinking(pictures, Size(20), tmp_path)
    make = pickle.loads(pickle.dumps(partial(shrunk_tables, shrinking, 8, 1)))
    (table,) = make()([1])
    names = [*pictures.names[8:16]]
    assert table['path'].to_pylist() == names
    assert files(tmp_path) == {name: expected[name] for name in names if name in NAMES}


def test_a_config(small, tmp_path, capsys):
    out = tmp_path / 'small'
    run(TOOL, small.config, '--out', out, '--num-workers', '1')
    done = capsys.readouterr().out
    assert 'none has a shorter edge above 64 pixels: they are as fast to load' in done
    made = {name for name in files(out) if name.endswith('.jpg')}
    sets = [OpenImages(pipeline=[], **set_of(small.cfg, name)) for name in SETS.values()]
    paths = {one['img_path'] for own in sets for one in own}
    assert {str(small.root / name) for name in made} == paths
    options = done.split('--cfg-options ')[1].split()
    moved = load_config(small.config, cfg_options=parse_options(options))
    for name, own in zip(SETS.values(), sets):
        of_set = OpenImages(pipeline=[], **set_of(moved, name))
        assert [one['img_path'].replace(str(out), str(small.root)) for one in of_set] == [
            one['img_path'] for one in own
        ]


def set_of(cfg, name):
    return {k: v for k, v in cfg[name].items() if k in ('ann_file', 'data_root', 'data_prefix')}


def test_a_project_takes_its_pictures_from_there(photos, tmp_path, capsys):
    with open(tmp_path / 'labels.csv', 'w', newline='') as file:
        csv.writer(file).writerows([['file', 'label'], *([name, 'a'] for name in NAMES)])
    with open(tmp_path / 'verified.csv', 'w', newline='') as file:
        csv.writer(file).writerows(
            [['file', 'a'], *([f'plain/{k:02}.jpg', k % 2] for k in range(16))]
        )
    project = tmp_path / 'project'
    options = ['--labels', tmp_path / 'labels.csv', '--verified', tmp_path / 'verified.csv']
    run('import_labels.py', photos, *options, '--out', project)
    line = refused(capsys, TOOL, project)
    assert f'--short-edge: is missing, as {project} has no config; give 256' in line
    for _ in range(2):  # the second time from the same pictures
        run(TOOL, project, *COMMAND)
        assert f'{project}: takes its pictures from there from now on' in capsys.readouterr().out
        assert Project.open(project).pictures == project / 'pictures'
    assert {*NAMES} <= {*files(project / 'pictures')}
    moved = Project.open(project.rename(tmp_path / 'moved'))
    assert moved.pictures == tmp_path / 'moved/pictures'


@pytest.mark.parametrize(
    ('more', 'complaint'),
    [
        (['--out', 'out'], '--short-edge: is missing, as'),
        (['--short-edge', '20'], '--out FOLDER: is missing; name the folder to write'),
        (['--short-edge', '0', '--out', 'out'], '--short-edge 0: give the pixels of the shorter'),
        (['--out', 'out', '--quality', '101'], '--num-workers 1 --quality 101: give at least 1'),
        ([*COMMAND, '--out', 'out', '--cfg-options', 'a=1'], '--cfg-options: no config is read'),
        ([*COMMAND, '--out', '{photos}'], '{photos}: holds the pictures themselves; name another'),
        ([*COMMAND, '--out', '{photos}/x'], '{photos}/x: lies among the pictures; name a folder'),
        ([*COMMAND, '--out', 'filled'], 'filled: is there already; name another folder'),
        ([*COMMAND, '--out', 'smaller'], 'smaller: was made with short_edge 9; name another'),
    ],
)
def test_wrong_input(photos, tmp_path, monkeypatch, capsys, more, complaint):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'filled').mkdir()
    (tmp_path / 'filled/x').touch()
    made = dict(version=1, short_edge=9, quality=90, pictures=str(photos.resolve()))
    (tmp_path / 'smaller').mkdir()
    (tmp_path / 'smaller/shrunk.json').write_text(
        json.dumps(dict(made, format='mmnoisy folder of shrunk pictures'))
    )
    more = [one.format(photos=photos) for one in more]
    line = refused(capsys, TOOL, photos, '--num-workers', '1', *more)
    assert complaint.format(photos=photos) in line
    assert not (tmp_path / 'out').exists()


def test_folders_without_pictures(tmp_path, capsys):
    (tmp_path / 'empty').mkdir()
    command = ['--out', tmp_path / 'out', *COMMAND]
    line = refused(capsys, TOOL, tmp_path / 'empty', *command)
    assert 'has no pictures; give a folder, a project or a config with any' in line
    (tmp_path / 'empty/a.jpg').write_text('text')
    line = refused(capsys, TOOL, tmp_path / 'empty', *command)
    assert 'no picture can be read, as' in line
    assert 'a.jpg: is in no format that Pillow knows' in line
