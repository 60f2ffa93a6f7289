"""The download tool as a user runs it, against a server on the loopback address."""

import runpy
import signal
import subprocess
import sys
import time

import pytest
from conftest import REPO, write_csv, write_release
from picture_server import JPEG, PictureServer

from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare

TOOL = str(REPO / 'tools/download_images.py')


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the tool in this process, which saves the seconds that its imports take."""

    def run(*arguments, status=0):
        monkeypatch.setattr(sys, 'argv', [TOOL, *map(str, arguments)])
        try:
            runpy.run_path(TOOL, run_name='__main__')
            code = 0
        except SystemExit as end:
            code = end.code
        output = capsys.readouterr()
        assert code == status, output
        return output

    return run


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    with PictureServer() as running:
        yield running


@pytest.fixture
def images(server, tmp_path):
    """A list of 60 pictures in the bucket, of which the last one is gone."""
    rows = [('ImageID', 'Subset')]
    for number in range(60):
        rows.append((f'{number:016x}', 'test'))
        server.replies[f'/test/{number:016x}.jpg'] = [JPEG + bytes([number]) * 99]
    server.replies[f'/test/{59:016x}.jpg'] = [404]
    write_csv(tmp_path / 'images.csv', rows)
    return tmp_path / 'images.csv'


def check(folder, numbers):
    """Files with final names are those of the pictures, whole."""
    found = {path.name: path.read_bytes() for path in folder.glob('[!.]*.jpg')}
    assert found == {f'{n:016x}.jpg': JPEG + bytes([n]) * 99 for n in numbers}


@pytest.mark.parametrize('ended_by', [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_ended_goes_on(run, server, images, tmp_path, ended_by):
    out, slow = tmp_path / 'out', 7
    content = server.replies[f'/test/{slow:016x}.jpg'][0]

    def halting():
        """One picture whose second half takes its time."""
        yield content[:50]
        time.sleep(0.5)
        while server.halting:
            time.sleep(0.01)
        yield content[50:]

    class Body:
        __iter__ = staticmethod(halting)

    server.halting = True
    server.replies[f'/test/{slow:016x}.jpg'] = [
        (200, {'Content-Length': len(content)}, Body()),
        content,
    ]
    options = [images, out, '--source', 'bucket', '--bucket-url', server.url, '--jobs', '4']
    # Where interrupts are ignored, as in a shell's background jobs, children ignore them too.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, TOOL, *map(str, options)], stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, previous)
    while len([*out.glob('[!.]*.jpg')] if out.exists() else []) < 20:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(ended_by)
    if ended_by == signal.SIGINT:
        server.halting = False
    message = process.communicate(timeout=60)[1]
    server.halting = False
    there = {int(path.stem, 16) for path in out.glob('[!.]*.jpg')}
    check(out, there)
    assert slow not in there
    assert not (out / 'failures.csv').exists()
    if ended_by == signal.SIGINT:
        assert process.returncode == 130
        assert message == 'interrupted; the same command goes on from here\n'
        assert not [*out.glob('.*')]

    before = server.requests.copy()
    result = run(*options)
    check(out, range(59))
    assert f'{len(there)} already there' in result.out
    assert all(before[f'/test/{n:016x}.jpg'] == 1 for n in there)
    assert all(server.requests[f'/test/{n:016x}.jpg'] == 1 for n in there)


def test_the_account_and_the_exit_code(run, server, images, tmp_path):
    options = ['--source', 'bucket', '--bucket-url', server.url, '--retries', '0']
    result = run(images, tmp_path / 'out', *options)
    assert '60 rows asked for\n   0 already there\n  59 fetched\n   1 HTTP 404\n' in result.out
    failures = (tmp_path / 'out/failures.csv').read_text()
    url = f'{server.url}/test/{59:016x}.jpg'
    assert failures == f'ImageID,URL,Reason\n{59:016x},{url},HTTP 404\n'
    server.replies[f'/test/{59:016x}.jpg'] = [503]
    result = run(images, tmp_path / 'out', *options, status=1)
    assert result.err == '1 picture may still come: run the same command again\n'


def test_the_images_of_an_index(run, server, tmp_path):
    written = write_release(tmp_path / 'release', pictures=False)
    prepare(find_release(tmp_path / 'release'), tmp_path / 'index')
    rows = [(image_id, subset) for subset, content in written.items() for image_id in content]
    write_csv(tmp_path / 'images.csv', [('ImageID', 'Subset'), *rows])
    for image_id, subset in rows:
        server.replies[f'/{subset}/{image_id}.jpg'] = [JPEG]
    options = ['--source', 'bucket', '--bucket-url', server.url, '--template', '{split}/{id}.jpg']
    index = ['--index', tmp_path / 'index/validation', '--limit', 5]
    run(tmp_path / 'images.csv', tmp_path / 'out', *options, *index)
    asked = [f'/validation/{image_id}.jpg' for image_id in written['validation']][:5]
    assert server.requests == dict.fromkeys(asked, 1)
    assert all((tmp_path / f'out{path}').read_bytes() == JPEG for path in asked)


@pytest.mark.parametrize(
    ('options', 'complaint'),
    [
        (['gone.csv', 'out'], 'gone.csv: there is no such image list'),
        (['IMAGES', 'IMAGES', '--source', 'bucket'], 'failures.csv: cannot be written'),
        (['IMAGES', 'out'], 'without OriginalURL'),
        (['IMAGES', 'out', '--template', '../{id}.jpg'], 'is no path of a file inside a folder'),
        (['IMAGES', 'out', '--bucket-url', 'file:///tmp'], "'file:///tmp': is no http address"),
        (['IMAGES', 'out', '--index', 'gone'], 'gone: there is no label index here'),
        (['IMAGES', 'out', '--jobs', '0'], '--jobs 0: is too small'),
        (['IMAGES', 'out', '--timeout', 'nan'], '--timeout nan: is too small'),
    ],
)
def test_wrong_input_ends_in_one_sentence(run, images, tmp_path, options, complaint):
    options = [str(images) if option == 'IMAGES' else option for option in options]
    (line,) = run(*options, status=2).err.splitlines()
    assert line.startswith('download_images.py: error: ')
    assert complaint in line
