"""Damaged releases: no traceback, every row kept or counted, no path but the pictures' own."""

import random
import re
import shutil
import sys

import pytest
from conftest import SUBSETS, write_release
from slow_reader import content, is_blank, lines_of, read_subset

from mmnoisy import InputError
from mmnoisy.datasets import OpenImages
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare


def flip_bytes(rng, text):
    damaged = bytearray(text)
    for _ in range(rng.randint(1, 20)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def cut(rng, text):
    return text[: rng.randrange(len(text))]


def insert(*what):
    def mutate(rng, text):
        place = rng.randrange(len(text) + 1)
        return text[:place] + rng.choice(what) + text[place:]

    return mutate


def new_row(rng, text):
    field = rng.choice(
        [
            b'../../x',
            b'/etc/passwd',
            b'..\\..\\x',
            b'%2e%2e%2fx',
            b'',
            b'"',
            b'-1',
            b'nan',
            b'x' * 9**5,
        ]
    )
    row = [b'0123456789abcdef', b'machine', b'/m/00001', b'1']
    row[rng.randrange(4)] = field
    return text + b','.join(row[: rng.randint(1, 4)]) + b'\n'


def shuffle(rng, text):
    header, *rows = text.splitlines(keepends=True)
    rng.shuffle(rows)
    return b''.join([header, *rows, *rows[: rng.randint(0, 3)]])


MUTATIONS = [
    flip_bytes,
    cut,
    insert(b'"', b'"\n"', b"'"),
    insert(b'\0', b'\xff\xfe', b'\xe9'),
    insert(b'\r', b'\n', b'\n\n', b'\r\n'),
    insert(b',', b',,,,'),
    new_row,
    shuffle,
    lambda rng, text: text.replace(b'\n', b'\r\n'),
    lambda rng, text: text.replace(b'\n', b'\r'),
    lambda rng, text: b'\xef\xbb\xbf' + text,
    lambda rng, text: text.decode('latin-1').encode(rng.choice(['utf-16', 'utf-8'])),
    lambda rng, text: b''.join(text.splitlines(keepends=True)[1:]),
    lambda rng, text: text + text,
]


def outcome(root, out):
    """The prepared indexes, or the sentence that says why there are none."""
    try:
        return prepare(find_release(root, 'v4'), out)
    except InputError as error:
        assert '\n' not in str(error)
        return str(error)


def check(root, indexes):
    classes = (root / 'annotations/classes.txt').read_text('utf-8-sig').split()
    for subset, index in indexes.items():
        files = {'machine': root / f'annotations/{subset}-annotations-machine-imagelabels.csv'}
        if subset != 'train':
            files['human'] = root / f'annotations/{subset}-annotations-human-imagelabels.csv'
        if (root / f'annotations/{subset}-images.csv').exists():
            files['images'] = root / f'annotations/{subset}-images.csv'
        assert content(index) == read_subset(files, classes, subset)
        for account in index.info['files']:
            lines = lines_of(next(f for f in files.values() if str(f) == account['path']))
            header = not re.match('"?[0-9a-fA-F]{16}', lines[0])
            assert account['rows'] == sum(not is_blank(line) for line in lines[header:])
            assert account['rows'] == account['kept'] + sum(account['dropped'].values())


def mutate_and_check(folder, rounds, seed):
    """Prepares releases with one or two damaged files; counts those that could be used."""
    rng, usable = random.Random(seed), 0
    for number in range(rounds):
        if number % 100 == 0:
            shutil.rmtree(folder, ignore_errors=True)
            root = folder / 'release'
            written = write_release(root, num_images=6, seed=number, pictures=False)
            for subset in SUBSETS[1:]:
                rows = ['ImageID,Subset', *(f'{image},{subset}' for image in written[subset])]
                (root / f'annotations/{subset}-images.csv').write_text('\n'.join(rows) + '\n')
            files = sorted((root / 'annotations').iterdir())
            originals = {path: path.read_bytes() for path in files}
        for path in rng.sample(files, rng.randint(1, 2)):
            path.write_bytes(rng.choice(MUTATIONS)(rng, originals[path]) or b'\n')
        indexes = outcome(root, folder / 'index')
        if not isinstance(indexes, str):
            check(root, indexes)
            usable += 1
        for path, text in originals.items():
            path.write_bytes(text)
    return usable


def test_mutated_files(tmp_path):
    assert 100 < mutate_and_check(tmp_path, 300, seed=0) < 300


@pytest.mark.slow
def test_ten_thousand_mutated_files(tmp_path):
    assert mutate_and_check(tmp_path, 10_000, seed=1) > 1000


def test_nothing_outside_the_pictures_is_opened(tmp_path):
    root = tmp_path / 'release'
    write_release(root, num_images=6)
    labels = root / 'annotations/train-annotations-machine-imagelabels.csv'
    with open(labels, 'a') as file:
        for image in (
            '../../../secret',
            '/etc/passwd',
            '..%2f..%2fsecret',
            '~/x',
            'a/../../../sec',
        ):
            file.write(f'{image},machine,/m/00001,1\n')
    (tmp_path / 'secret.jpg').write_text('secret')
    prepare(find_release(root), root / 'index')
    opened = []
    watching = True
    sys.addaudithook(lambda event, args: watching and event == 'open' and opened.append(args[0]))
    dataset = OpenImages(
        'index/train',
        data_root=str(root),
        data_prefix='train',
        pipeline=[dict(type='LoadImageFromFile')],
    )
    assert [dataset[i]['img_shape'] for i in range(len(dataset))] == [(40, 48)] * 6
    watching = False
    pictures = [path for path in opened if str(path).endswith('.jpg')]
    assert sorted(pictures) == sorted(str(path) for path in (root / 'train').iterdir())
