"""Drawing images, beside a slow and obvious reading of the file."""

import csv
from collections import Counter
from itertools import groupby

import numpy as np
import pytest

from mmnoisy.cleaning.cleaned_set import CHANGE_HEADER
from mmnoisy.cleaning.view import sampling
from mmnoisy.cleaning.view.sampling import sample_images
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import write_csv
from mmnoisy.io.spreadsheet import from_text


def write_changes(path, num_images, seed=0):
    """Writes one to five labels an image; returns the rows of each image as numbers and texts."""
    rng = np.random.default_rng(seed)
    with open(path, 'w', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(CHANGE_HEADER)
        for image_id in range(num_images):
            for k in range(rng.integers(1, 6)):
                kind = rng.choice(['kept', 'removed', 'added'])
                before = '' if kind == 'added' else round(rng.random(), 1)
                after = '' if kind == 'removed' else 0.7
                row = f'{image_id:016x}', f'/m/0{k}', before, after, kind, '', 0.25
                writer.writerow(row)
    with open(path, newline='') as file:
        rows = [tuple(map(value, row.items())) for row in csv.DictReader(file)]
    return {image_id: [*of_image] for image_id, of_image in groupby(rows, lambda row: row[0])}


def value(item):
    name, text = item
    if name in ('ImageID', 'LabelName', 'Kind'):
        return text
    return float(text) if text else None


def drawn(sample):
    """The rows of the images in their order; each image must come in one piece."""
    rows = [tuple(row.values()) for row in sample.rows.to_pylist()]
    pieces = [(key, [*of_image]) for key, of_image in groupby(rows, lambda row: row[0])]
    assert len(dict(pieces)) == len(pieces)
    return dict(pieces)


def changes(rows):
    return sum(row[4] != 'kept' for row in rows)


@pytest.mark.parametrize('most_changed', [False, True])
def test_all_rows_of_so_many_images_whatever_the_blocks(tmp_path, monkeypatch, most_changed):
    path = tmp_path / 'changes.csv'
    images = write_changes(path, 300)
    samples = []
    for size in (200, 999, 2**23):
        monkeypatch.setattr(sampling, 'BLOCK_BYTES', size)
        sample = sample_images(path, 40, 3, most_changed)
        assert sample.num_images == 300
        samples.append([*drawn(sample).items()])
    assert samples[0] == samples[1] == samples[2]
    assert len(samples[0]) == 40
    assert all(images[image_id] == rows for image_id, rows in samples[0])


def test_those_with_most_changes(tmp_path):
    path = tmp_path / 'changes.csv'
    images = write_changes(path, 200)
    counts = sorted(map(changes, images.values()), reverse=True)
    for number in (1, 7, 120):
        found = drawn(sample_images(path, number, 0, most_changed=True))
        assert [changes(rows) for rows in found.values()] == counts[:number]


def test_all_images_are_equally_likely(tmp_path, monkeypatch):
    path = tmp_path / 'changes.csv'
    write_changes(path, 40)
    monkeypatch.setattr(sampling, 'BLOCK_BYTES', 400)
    counts = Counter(
        image_id for seed in range(150) for image_id in drawn(sample_images(path, 20, seed))
    )
    assert sum(counts.values()) == 3000
    # 75 each; five standard deviations of a binomial are 31.
    assert len(counts) == 40
    assert all(44 < count < 106 for count in counts.values())


def test_fewer_images_than_asked_for(tmp_path):
    images = write_changes(tmp_path / 'changes.csv', 5)
    assert drawn(sample_images(tmp_path / 'changes.csv', 40, 0)) == images


@pytest.mark.parametrize('size', [200, 2**23])
def test_names_that_a_spreadsheet_would_run_and_names_of_two_lines(tmp_path, monkeypatch, size):
    begins = ("'", "'=", '+', '-', '=', '@', 'a\nb', '<')
    names = sorted(f'{begin}{k}.jpg' for k in range(9) for begin in begins)
    rows = [(name, '/m/01', '1.0', '1.0', 'kept', '1.0', '0.5') for name in names]
    write_csv(tmp_path / 'changes.csv', CHANGE_HEADER, rows)
    monkeypatch.setattr(sampling, 'BLOCK_BYTES', size)
    sample = sample_images(tmp_path / 'changes.csv', 100, 0)
    assert sorted(from_text(cell) for cell in sample.rows['ImageID'].to_pylist()) == names


HEADER = ','.join(CHANGE_HEADER)
ROW = '000000000000000a,/m/01,1.0,1.0,kept,1.0,0.5'


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        (None, 'there is no such file'),
        ('', "the header is ''"),
        ('ImageID,Source\n', "the header is 'ImageID,Source'"),
        (HEADER + '\n', 'has no rows'),
        (f'{HEADER}\n{ROW}\n00000', 'cannot be read'),
        (f'{HEADER}\n{ROW.replace("0.5", "high")}\n', 'cannot be read'),
        (f'{HEADER}\n{ROW.replace("kept", "lost")}\n', "'lost' is none of kept, removed, added"),
        (f'{HEADER}\n{ROW}\n{ROW.replace("0a,", "0b,")}\n{ROW}\n', 'come after those of a later'),
    ],
)
def test_other_files_are_refused(tmp_path, text, sentence):
    path = tmp_path / 'changes.csv'
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=sentence) as error:
        sample_images(path, 10, 0)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)
