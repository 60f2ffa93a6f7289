import errno
import os
import sys
import threading
import time
from email.utils import formatdate
from importlib import import_module

import pytest
from picture_server import JPEG, PNG, PictureServer, endless, md5

from mmnoisy import InputError
from mmnoisy.datasets.pictures import fetch as fetching
from mmnoisy.datasets.pictures.fetch import Fetcher, is_transient
from mmnoisy.datasets.pictures.list import Picture

ID = '000060e3121c7305'


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    with PictureServer() as running:
        yield running


class Pauses(threading.Event):
    """The pauses before tries, none of which is made."""

    def __init__(self):
        super().__init__()
        self.made = []

    def wait(self, timeout=None):
        self.made.append(timeout)


def fetch(server, folder, *replies, path='/a.jpg', size=None, md5=None, **kwargs):
    server.replies.setdefault(path, [*replies])
    picture = Picture(ID, server.url + path, f'00/{ID}.jpg', size, md5)
    return Fetcher(folder, **{'timeout': 5, **kwargs})(picture)


def files(folder):
    """Everything below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


@pytest.mark.parametrize(
    'content', [JPEG, PNG, b'GIF89a' + bytes(20), b'RIFF\n\n\n\nWEBP' + bytes(9), JPEG * 9999]
)
def test_the_bytes_arrive(server, tmp_path, content):
    path = '/a.png' if content is PNG else '/a.jpg'
    asked = dict(path=path, size=len(content), md5=md5(content))
    assert fetch(server, tmp_path, content, **asked) == 'fetched'
    assert files(tmp_path) == {f'00/{ID}.jpg': content}
    assert fetch(server, tmp_path, **asked) == 'already there'
    assert server.requests[path] == 1
    # Readable by whom the user lets read new files, unlike what tempfile makes.
    (tmp_path / 'other').touch()
    assert (tmp_path / f'00/{ID}.jpg').stat().st_mode == (tmp_path / 'other').stat().st_mode


HTML = b'<!DOCTYPE html><title>This photo is no longer available</title>'


@pytest.mark.parametrize(
    ('reply', 'asked', 'reason'),
    [
        (403, {}, 'HTTP 403'),
        (404, {}, 'HTTP 404'),
        (410, {}, 'HTTP 410'),
        (204, {}, 'HTTP 204'),
        (HTML, {}, 'no picture'),
        (b'', {}, 'no picture'),
        (b'\xff\xd8', {}, 'no picture'),
        (PNG, {}, 'placeholder'),
        ((200, {'Content-Type': 'image/jpeg'}, HTML), {}, 'no picture'),
        (JPEG, dict(size=len(JPEG) + 1), 'wrong size'),
        (JPEG, dict(md5=md5(PNG)), 'wrong MD5'),
        (JPEG, dict(size=len(JPEG), md5='?'), 'wrong MD5'),
        ((302, {'Location': '/photo_unavailable.png'}, b''), {}, 'placeholder'),
        ((302, {'Location': '/x/photo_unavailable_l.png?a=b'}, b''), {}, 'placeholder'),
        ((302, {'Location': 'file:///etc/passwd'}, b''), {}, 'no http address'),
        ((302, {'Location': 'http://['}, b''), {}, 'no http address'),
        ((302, {'Location': '/gone.jpg'}, b''), {}, 'HTTP 404'),
        ((302, {'Location': '/a.jpg'}, b''), {}, 'redirected too often'),
    ],
)
def test_what_is_no_picture_is_asked_for_once_and_not_kept(server, tmp_path, reply, asked, reason):
    pauses = Pauses()
    assert fetch(server, tmp_path, reply, **asked, stop=pauses) == reason
    assert files(tmp_path) == {}
    assert pauses.made == []
    assert not is_transient(reason)


def test_redirects_are_followed(server, tmp_path):
    server.replies['/b/c.jpg'] = [JPEG]
    assert fetch(server, tmp_path, (301, {'Location': 'b/c.jpg'}, b'')) == 'fetched'
    assert files(tmp_path) == {f'00/{ID}.jpg': JPEG}


CUT = (200, {'Content-Length': len(JPEG) + 1, 'Connection': 'close'}, JPEG)


@pytest.mark.parametrize(
    ('reply', 'reason'), [(500, 'HTTP 500'), (429, 'HTTP 429'), (503, 'HTTP 503'), (CUT, None)]
)
def test_transient_failures_are_tried_again(server, tmp_path, reply, reason):
    pauses = Pauses()
    assert fetch(server, tmp_path, reply, reply, JPEG, stop=pauses) == 'fetched'
    assert pauses.made == [0.5, 1.0]
    assert files(tmp_path) == {f'00/{ID}.jpg': JPEG}
    other = tmp_path / 'other'
    failure = fetch(server, other, reply, path='/b.jpg', retries=4, stop=pauses)
    assert failure == (reason or 'cut short')
    assert is_transient(failure)
    assert server.requests['/b.jpg'] == 5
    assert pauses.made[2:] == [0.5, 1.0, 2.0, 4.0]
    assert files(other) == {}


def test_nobody_there_and_nobody_answering(server, tmp_path):
    pauses = Pauses()
    server.replies['/slow.jpg'] = [lambda: time.sleep(1) or JPEG]
    asked = dict(path='/slow.jpg', timeout=0.05, retries=1)
    assert fetch(server, tmp_path, **asked, stop=pauses) == 'timed out'
    picture = Picture(ID, 'http://127.0.0.1:1/a.jpg', 'a.jpg')
    assert Fetcher(tmp_path, retries=1, stop=pauses)(picture) == 'no connection'
    assert pauses.made == [0.5, 0.5]
    assert is_transient('timed out')
    assert is_transient('no connection')


@pytest.mark.parametrize(
    ('value', 'pause'), [('7', 7), ('0', 0), ('99999999', 300), ('soon', 0.5), ('9' * 5000, 0.5)]
)
def test_servers_say_how_long_to_wait(server, tmp_path, value, pause):
    pauses, busy = Pauses(), (429, {'Retry-After': value}, b'')
    assert fetch(server, tmp_path, busy, JPEG, stop=pauses) == 'fetched'
    assert pauses.made == [pause]


def test_servers_say_until_when_to_wait(server, tmp_path):
    busy = (503, {'Retry-After': formatdate(time.time() + 100, usegmt=True)}, b'')
    pauses = Pauses()
    assert fetch(server, tmp_path, busy, JPEG, stop=pauses) == 'fetched'
    assert 0 < pauses.made[0] <= 100


def test_servers_without_end(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, 'MAX_BYTES', 2**20)
    assert fetch(server, tmp_path, endless()) == 'too large'
    _, headers, body = endless()
    server.replies['/b.jpg'] = [(302, {**headers, 'Location': '/a.png'}, body)]
    assert fetch(server, tmp_path, path='/b.jpg') == 'HTTP 404'
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    ('there', 'asked', 'requests'),
    [
        (b'', {}, 1),
        (b'anything', {}, 0),
        (b'anything', dict(size=8), 0),
        (b'anything', dict(size=len(JPEG)), 1),
        (b'anything', dict(md5=md5(b'anything')), 0),
        (b'anything', dict(md5=md5(JPEG)), 1),
    ],
)
def test_what_is_there_is_not_asked_for(server, tmp_path, there, asked, requests):
    (tmp_path / '00').mkdir()
    (tmp_path / f'00/{ID}.jpg').write_bytes(there)
    outcome = fetch(server, tmp_path, JPEG, **asked)
    assert outcome == ('fetched' if requests else 'already there')
    assert server.requests['/a.jpg'] == requests
    assert files(tmp_path) == {f'00/{ID}.jpg': JPEG if requests else there}


def test_a_failure_leaves_the_file_that_was_there(server, tmp_path):
    (tmp_path / '00').mkdir()
    (tmp_path / f'00/{ID}.jpg').write_bytes(b'other')
    assert fetch(server, tmp_path, HTML, size=len(HTML)) == 'no picture'
    assert files(tmp_path) == {f'00/{ID}.jpg': b'other'}


def test_a_full_disk(server, tmp_path, monkeypatch):
    def no_space(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'replace', no_space)
    with pytest.raises(InputError, match=rf'{ID}\.jpg: cannot be written \(No space left'):
        fetch(server, tmp_path, JPEG)
    assert files(tmp_path) == {}


def test_a_folder_that_is_a_file(server, tmp_path):
    (tmp_path / '00').touch()
    with pytest.raises(InputError, match='cannot be written'):
        fetch(server, tmp_path, JPEG)


def test_proxies_of_the_environment_are_used(server, tmp_path, monkeypatch):
    monkeypatch.setenv('NO_PROXY', '')
    monkeypatch.setenv('no_proxy', '')
    monkeypatch.setenv('http_proxy', server.url)
    server.replies['http://pictures.invalid/a.jpg'] = [JPEG]
    picture = Picture(ID, 'http://pictures.invalid/a.jpg', 'a.jpg')
    assert Fetcher(tmp_path)(picture) == 'fetched'


def test_nothing_is_fetched_once_it_is_to_stop(server, tmp_path):
    fetcher = Fetcher(tmp_path, retries=9)
    server.replies['/a.jpg'] = [lambda: fetcher.stop.set() or 500]
    assert fetcher(Picture(ID, server.url + '/a.jpg', 'a.jpg')) == 'stopped'
    server.replies['/b.jpg'] = [JPEG]
    assert fetcher(Picture(ID, server.url + '/b.jpg', 'b.jpg')) == 'stopped'
    assert server.requests == {'/a.jpg': 1}


def test_missing_and_old_libraries_are_named(monkeypatch):
    monkeypatch.delitem(sys.modules, fetching.__name__)
    monkeypatch.setattr('urllib3.__version__', '1.26.20')
    with pytest.raises(InputError, match=r"urllib3 1\.26\.20: too old; .*'mmnoisy\[download\]'"):
        import_module(fetching.__name__)
    monkeypatch.setitem(sys.modules, 'requests', None)
    with pytest.raises(InputError, match=r"requests: not installed; .*'mmnoisy\[download\]'"):
        import_module(fetching.__name__)
