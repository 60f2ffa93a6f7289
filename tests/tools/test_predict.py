"""The tool on a small classifier, against the scores of every picture by itself."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from small_classifier import NAMES, refused, run, scores


@pytest.fixture
def photos(small, tmp_path):
    """Pictures in folders, one of them broken, and something else."""
    folder = tmp_path / 'photos'
    (folder / 'deeper').mkdir(parents=True)
    for path in small.pictures[:3]:
        shutil.copy(path, folder)
    shutil.copy(small.pictures[3], folder / 'deeper/last.jpg')
    (folder / 'broken.jpg').write_bytes(b'no picture')
    (folder / 'notes.txt').write_text('no picture either')
    (folder / 'dangling.jpg').symlink_to(folder / 'gone.jpg')
    return folder


def expected(small, folder, threshold):
    """Name of a picture: labels as (MID, name, score), best first."""
    found = {}
    for path in sorted(folder.rglob('*.jpg')):
        if path.name not in ('broken.jpg', 'dangling.jpg'):
            score = scores(small.model, path)
            order = [k for k in np.argsort(-score) if score[k] >= threshold]
            labels = [(small.meta['classes'][k], NAMES[k], score[k]) for k in order]
            found[str(path.relative_to(folder))] = labels
    return found


def test_csv_and_json_lines_of_a_folder(small, photos, tmp_path, capsys):
    every = [score for of_one in expected(small, photos, 0).values() for *_, score in of_one]
    threshold = float(np.quantile(every, 0.4).round(3))
    options = ['--threshold', threshold, '--batch-size', '2', '--device', 'cpu']
    for name in ('labels.csv', 'labels.jsonl'):
        run('predict.py', small.config, small.weights, photos, '--out', tmp_path / name, *options)
        told = capsys.readouterr()
        assert told.out == f'{tmp_path / name}: labels of 4 pictures\n'
        (line,) = [line for line in told.err.splitlines() if 'labelled' in line]
        assert line.startswith('4 labelled, 3 not: 1 a link to nothing, 1 no picture, 1 cannot be ')
        assert 'dangling.jpg: a link to nothing' in line
    labels = expected(small, photos, threshold)
    assert len({len(of_one) for of_one in labels.values()}) > 1
    rows = [(name, *label) for name, of_one in labels.items() for label in of_one]
    with open(tmp_path / 'labels.csv', newline='') as file:
        found = [*csv.DictReader(file)]
    columns = ('ImageID', 'LabelName', 'DisplayName')
    assert [tuple(row[key] for key in columns) for row in found] == [row[:3] for row in rows]
    confidence = [float(row['Confidence']) for row in found]
    np.testing.assert_allclose(confidence, [row[3] for row in rows], atol=1e-4)
    lines = [json.loads(line) for line in (tmp_path / 'labels.jsonl').read_text().splitlines()]
    assert [line['path'] for line in lines] == [*labels]
    told = [(line['path'], *label.values()) for line in lines for label in line['labels']]
    assert [row[:3] for row in told] == [row[:3] for row in rows]


def test_a_single_picture(small, photos, tmp_path):
    out = tmp_path / 'labels.jsonl'
    run('predict.py', small.config, small.weights, photos / 'deeper/last.jpg', '--out', out)
    line = json.loads(out.read_text())
    assert line['path'] == 'last.jpg'
    labels = expected(small, photos, 0.5)['deeper/last.jpg']
    assert [label['label_name'] for label in line['labels']] == [mid for mid, *_ in labels]


def test_refusals(small, photos, tmp_path, capsys):
    out = tmp_path / 'labels.csv'

    def complaint(inputs, *options, config=small.config, weights=small.weights):
        return refused(capsys, 'predict.py', config, weights, inputs, '--out', out, *options)

    (tmp_path / 'empty').mkdir()
    assert 'empty: has no picture' in complaint(tmp_path / 'empty')
    assert 'broken.jpg: cannot be read as a picture' in complaint(photos / 'broken.jpg')
    assert 'notes.txt: cannot be read as a picture' in complaint(photos / 'notes.txt')
    assert 'gone.jpg: there is no such file' in complaint(tmp_path / 'gone.jpg')
    for threshold in ('-0.1', '1.01', 'nan'):
        assert 'is not between 0 and 1' in complaint(photos, '--threshold', threshold)
    assert 'there is no such checkpoint' in complaint(photos, weights='gone.pth')
    shutil.copy(photos / 'broken.jpg', tmp_path / 'empty')
    assert 'empty: no picture in it can be read, as ' in complaint(tmp_path / 'empty')
    other = ['--cfg-options', 'model.head.num_classes=7']
    assert 'so that the class lists differ' in complaint(photos, *other)
    assert not out.exists()
    assert not list(tmp_path.glob('.*.part'))


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs a device that is full')
def test_a_full_disk(small, photos, tmp_path, capsys):
    out = tmp_path / 'labels.csv'
    (tmp_path / '.labels.csv.part').symlink_to('/dev/full')
    complaint = refused(capsys, 'predict.py', small.config, small.weights, photos, '--out', out)
    assert 'labels.csv: cannot be written (No space left on device)' in complaint
    assert sorted(path.name for path in tmp_path.iterdir()) == ['.labels.csv.unfinished', 'photos']
