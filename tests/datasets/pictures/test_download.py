import csv
import hashlib
import threading

import pytest
from picture_server import JPEG, PNG, PictureServer, endless, md5
from tqdm import tqdm

from mmnoisy import InputError
from mmnoisy.datasets.pictures import download as downloading
from mmnoisy.datasets.pictures.download import account_table, download, num_transient
from mmnoisy.datasets.pictures.fetch import Fetcher
from mmnoisy.datasets.pictures.list import Source
from mmnoisy.io.texts import Texts


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    with PictureServer() as running:
        yield running


def write_list(path, rows, header=('ImageID', 'OriginalURL', 'OriginalSize', 'OriginalMD5')):
    with open(path, 'w', newline='') as file:
        csv.writer(file).writerows([header, *rows])
    return path


def content(number):
    return JPEG + hashlib.sha256(b'%d' % number).digest() * 100


@pytest.fixture
def images(server, tmp_path):
    """A list of 100 pictures, all of which are there."""
    rows = []
    for number in range(100):
        path, body = f'/{number}.jpg', content(number)
        server.replies[path] = [body]
        rows.append((f'{number:016x}', server.url + path, len(body), md5(body)))
    return write_list(tmp_path / 'images.csv', rows)


def run(images, folder, template='{id}.jpg', source='original', **kwargs):
    return download(images, Source(source, template), Fetcher(folder, retries=0), **kwargs)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


@pytest.mark.parametrize('jobs', [1, 16])
def test_all_pictures_arrive_once(server, images, tmp_path, jobs):
    out = tmp_path / 'out'
    assert run(images, out, '{id:.15}/{id}.jpg', jobs=jobs) == {'fetched': 100}
    expected = [f'{n:016x}'[:15] + f'/{n:016x}.jpg' for n in range(100)]
    assert names(out) == sorted([*expected, 'failures.csv'])
    for number in range(100):
        assert (out / expected[number]).read_bytes() == content(number)
    assert (out / 'failures.csv').read_text() == 'ImageID,URL,Reason\n'
    assert run(images, out, '{id:.15}/{id}.jpg') == {'already there': 100}
    assert set(server.requests.values()) == {1}


def test_only_what_is_missing_is_fetched(server, images, tmp_path):
    out = tmp_path / 'out'
    run(images, out)
    server.requests.clear()
    (out / f'{7:016x}.jpg').unlink()
    (out / f'{8:016x}.jpg').write_bytes(content(8)[:-1])
    assert run(images, out) == {'already there': 98, 'fetched': 2}
    assert server.requests == {'/7.jpg': 1, '/8.jpg': 1}


def test_every_row_is_accounted_for(server, tmp_path):
    server.replies.update(
        {
            '/good.jpg': [JPEG],
            '/dead.jpg': [(302, {'Location': '/photo_unavailable.png'}, b'')],
            '/html.jpg': [b'<html>'],
            '/busy.jpg': [503],
        }
    )
    rows = [
        (f'{1:016x}', server.url + '/good.jpg', '', ''),
        (f'{2:016x}', server.url + '/dead.jpg', '', ''),
        (f'{3:016x}', server.url + '/gone, "so".jpg', '', ''),
        (f'{4:016x}', server.url + '/html.jpg', '', ''),
        (f'{5:016x}', server.url + '/busy.jpg', '', ''),
        (f'{6:016x}', server.url + '/good.jpg', 5, ''),
        (f'{7:016x}', server.url + '/good.jpg', '', md5(PNG)),
        (f'{8:016x}', 'file:///etc/passwd', '', ''),
        ('../../x', server.url + '/good.jpg', '', ''),
        ('/etc/passwd', server.url + '/good.jpg', '', ''),
    ]
    images, out = write_list(tmp_path / 'images.csv', rows), tmp_path / 'a/b'
    account = run(images, out)
    reasons = {
        f'{2:016x}': 'placeholder',
        f'{3:016x}': 'HTTP 404',
        f'{4:016x}': 'no picture',
        f'{5:016x}': 'HTTP 503',
        f'{6:016x}': 'wrong size',
        f'{7:016x}': 'wrong MD5',
        f'{8:016x}': 'no http address',
        '../../x': 'malformed row',
        '/etc/passwd': 'malformed row',
    }
    assert sum(account.values()) == len(rows)
    assert account == {
        'fetched': 1,
        'malformed row': 2,
        **{reason: 1 for reason in reasons.values() if reason != 'malformed row'},
    }
    assert num_transient(account) == 1
    with open(out / 'failures.csv', newline='') as file:
        failures = list(csv.DictReader(file))
    assert {row['ImageID']: row['Reason'] for row in failures} == reasons
    urls = {row[0]: row[1] for row in rows[:8]}
    assert {row['ImageID']: row['URL'] for row in failures} == {
        key: urls.get(key, '') for key in reasons
    }
    assert names(tmp_path) == [f'a/b/{1:016x}.jpg', 'a/b/failures.csv', 'images.csv']


def test_no_failure_is_a_formula(tmp_path):
    images = tmp_path / 'images.csv'
    images.write_text('ImageID,OriginalURL\n=1+1,"=HYPERLINK(""http://x"")"\n0000000000000001,-x\n')
    download(images, Source(), Fetcher(tmp_path / 'out'))
    with open(tmp_path / 'out/failures.csv', newline='') as file:
        rows = [*csv.reader(file)][1:]
    assert {row[0] for row in rows} == {"'=1+1", f'{1:016x}'}
    assert not any(cell.startswith(('=', '+', '-', '@')) for row in rows for cell in row)


def test_thumbnails_fall_back_on_the_original(server, tmp_path):
    server.replies.update({'/1_z.jpg': [JPEG], '/2_o.jpg': [content(2)]})
    images = write_list(
        tmp_path / 'images.csv',
        [
            (f'{1:016x}', server.url + '/1_o.jpg', server.url + '/1_z.jpg'),
            (f'{2:016x}', server.url + '/2_o.jpg', ''),
        ],
        ('ImageID', 'OriginalURL', 'Thumbnail300KURL'),
    )
    assert run(images, tmp_path / 'out', source='thumbnail') == {'fetched': 2}
    assert (tmp_path / 'out' / f'{1:016x}.jpg').read_bytes() == JPEG
    assert (tmp_path / 'out' / f'{2:016x}.jpg').read_bytes() == content(2)


def test_the_account():
    account = {'HTTP 404': 3, 'fetched': 1200, 'placeholder': 34}
    assert account_table(downloading.Counter(account)).splitlines() == [
        '1,237 rows asked for',
        '      0 already there',
        '  1,200 fetched',
        '     34 placeholder',
        '      3 HTTP 404',
    ]


def test_limit_and_index(server, images, tmp_path):
    assert run(images, tmp_path / 'a', limit=3) == {'fetched': 3}
    assert names(tmp_path / 'a') == [*(f'{n:016x}.jpg' for n in range(3)), 'failures.csv']
    chosen = Texts.of(f'{n:016x}' for n in (5, 70, 2**64 - 1))
    assert run(images, tmp_path / 'b', image_ids=chosen) == {'fetched': 2}
    assert names(tmp_path / 'b') == [f'{5:016x}.jpg', f'{70:016x}.jpg', 'failures.csv']
    assert run(images, tmp_path / 'b', image_ids=chosen, limit=1) == {'already there': 1}


def test_an_image_given_twice(server, tmp_path):
    server.replies['/a.jpg'] = [JPEG]
    rows = [(f'{1:016x}', server.url + '/a.jpg', '', '')] * 20
    account = run(write_list(tmp_path / 'images.csv', rows), tmp_path / 'out')
    assert sum(account.values()) == account['fetched'] + account['already there'] == 20
    assert names(tmp_path / 'out') == [f'{1:016x}.jpg', 'failures.csv']


@pytest.mark.parametrize(
    ('rows', 'complaint'),
    [
        ([], 'none of its 0 rows asked for can be used'),
        ([('12', 'http://127.0.0.1/', '', '')] * 2, "none of its 2 rows .*has the id '12'"),
    ],
)
def test_lists_without_a_usable_row(tmp_path, rows, complaint):
    images = write_list(tmp_path / 'images.csv', rows)
    with pytest.raises(InputError, match=complaint):
        run(images, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_few_rows_are_read_ahead(server, images, tmp_path, monkeypatch):
    read, fetched = [0], []

    def counting(*args):
        for picture in read_pictures(*args):
            read[0] += 1
            yield picture

    class Slow(Fetcher):
        def __call__(self, picture):
            fetched.append(read[0] - first - len(fetched))
            return super().__call__(picture)

    read_pictures = downloading.read_pictures
    monkeypatch.setattr(downloading, 'read_pictures', counting)
    first = 100  # the first pass counts them
    slow = Slow(tmp_path / 'out', retries=0)
    assert download(images, Source(), slow, jobs=2) == {'fetched': 100}
    assert max(fetched) <= 8


def test_a_full_disk_ends_all_and_leaves_nothing_half_written(
    server, images, tmp_path, monkeypatch
):
    out = tmp_path / 'out'
    (out / f'{50:016x}.jpg').mkdir(parents=True)
    with pytest.raises(InputError, match=r'0032\.jpg: cannot be written'):
        run(images, out, jobs=2)
    assert sum(server.requests.values()) < 70
    for path in out.iterdir():
        if path.is_file():
            assert path.read_bytes() == content(int(path.stem, 16))
    assert not (out / 'failures.csv').exists()


def test_an_interrupt_ends_what_is_under_way(server, tmp_path, monkeypatch):
    server.replies.update({'/endless.jpg': [endless()], '/a.jpg': [JPEG]})
    rows = [
        (f'{n:016x}', server.url + path, '', '')
        for n, path in enumerate(['/endless.jpg', '/a.jpg'])
    ]
    images = write_list(tmp_path / 'images.csv', rows)
    monkeypatch.setattr('mmnoisy.datasets.pictures.fetch.MAX_BYTES', 2**50)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tqdm, 'update', interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(images, tmp_path / 'out')
    assert names(tmp_path / 'out') == [f'{1:016x}.jpg']
    assert not [t for t in threading.enumerate() if t.name.startswith('ThreadPoolExecutor')]


def test_a_fetcher_may_be_used_again(server, images, tmp_path):
    fetcher = Fetcher(tmp_path / 'out')
    download(images, Source(), fetcher, limit=2)
    assert download(images, Source(), fetcher) == {'already there': 2, 'fetched': 98}
