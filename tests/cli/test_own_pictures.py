"""The way of a user with own pictures, by the commands, from files to files."""

import csv
import hashlib
import json
import re
import shutil
import sys
from urllib.parse import unquote

import cv2
import numpy as np
import pytest
import torch
from made_project import SHORT

from mmnoisy.cli.main import main
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.sources.reading import read_labels

OPTIONS = ['--cfg-options', *(f'{key}={value}' for key, value in SHORT.items())]
CLASSES = ['dog', 'big cat', 'a; "b", c']
NAMES = [f'{["holiday, 2019", "été"][k % 2]}/IMG {k:02}.{k % 3}.JPG' for k in range(40)]
NUM_VERIFIED = 16


def mmnoisy(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['mmnoisy', *map(str, arguments)])
    main()


def write_csv(path, rows):
    with open(path, 'w', newline='') as file:
        csv.writer(file).writerows(rows)


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Pictures, tags in lists, verdicts in columns, and the weights of a network."""
    timm = pytest.importorskip('timm')
    root, rng = tmp_path_factory.mktemp('own'), np.random.default_rng(0)
    truth = rng.random((len(NAMES), len(CLASSES))) < 0.5
    noisy = truth ^ (rng.random(truth.shape) < 0.2)
    for name in NAMES:
        path = root / 'photos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            cv2.imencode('.jpg', rng.integers(255, size=(40, 40, 3), dtype=np.uint8))[1]
        )
    tags = [
        [name, json.dumps([CLASSES[k] for k in np.flatnonzero(noisy[i])])]
        for i, name in enumerate(NAMES)
    ]
    write_csv(root / 'tags.csv', [['file', 'tags'], *tags])
    checked = [[name, *truth[i].astype(int)] for i, name in enumerate(NAMES[:NUM_VERIFIED])]
    write_csv(root / 'checked.csv', [['file', *CLASSES], *checked])
    torch.manual_seed(0)
    network = timm.create_model('test_efficientnet')
    torch.save(network.state_dict(), root / 'weights.pth')
    return root, truth


def test_from_files_to_files(files, tmp_path, monkeypatch, capsys):
    root, truth = files
    photos, project = root / 'photos', tmp_path / 'pets'
    labels = ['--labels', root / 'tags.csv', '--verified', root / 'checked.csv']
    mmnoisy(monkeypatch, 'import', photos, *labels, '--out', project)
    said = capsys.readouterr().out
    assert "labels in 'tags' in JSON lists" in said and 'a column a class' in said
    assert 'pictures: 40 found, 40 in the files of labels, 0 in none' in said
    network = ['--backbone', 'test_efficientnet', '--weights', root / 'weights.pth']
    run = ['run', project, *network, '--image-size', 32, '--method', 'best', *OPTIONS]
    mmnoisy(monkeypatch, *run)
    assert 'cross-fitted: labels right' in capsys.readouterr().out

    # The cleaned labels of all pictures, in the names and the shape of the file that came in.
    mmnoisy(monkeypatch, 'clean', project, '--out', tmp_path / 'cleaned.csv')
    header, *rows = csv.reader((tmp_path / 'cleaned.csv').read_text('utf-8').splitlines())
    assert header[:2] == ['file', 'tags']
    assert sorted(row[0] for row in rows) == sorted(NAMES)
    labels_of = {row[0]: {*json.loads(row[1])} for row in rows}
    for i, name in enumerate(NAMES[:NUM_VERIFIED]):
        assert labels_of[name] == {CLASSES[k] for k in np.flatnonzero(truth[i])}
    for options, form in ((['--format', 'coco'], 'json'), ([], 'parquet')):
        out = tmp_path / f'cleaned.{form}'
        mmnoisy(monkeypatch, 'clean', project, *options, '--out', out)
        table = read_labels(out)
        assert table.layout['format'] == (options[-1] if options else form)
        of_image = {name: set() for name in table.images}
        for image, label in zip(table.image, table.label):
            of_image[table.images[image]].add(table.classes[label])
        assert of_image == labels_of

    # Labels to check, filled in, fed back. What other settings left in the project is no obstacle.
    mmnoisy(monkeypatch, 'review', project, '--size', 6, '--folds', 3)
    mmnoisy(monkeypatch, 'review', project, '--size', 6, '--folds', 2)
    verdicts = project / 'review/verdicts.csv'
    header, *rows = csv.reader(verdicts.read_text('utf-8').splitlines())
    assert len(rows) == 6 and {row[0] for row in rows} <= {*NAMES[NUM_VERIFIED:]}
    page = (project / 'review/index.html').read_text('utf-8')
    asked = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    for (name, image_id, address, *_, line), row in zip(asked['labels'], rows):
        assert [image_id, name] == [row[0], row[2]]
        assert next(csv.reader([line])) == row
        path = project / 'review' / unquote(asked['prefix'] + address)
        assert path.resolve() == (photos / image_id).resolve()
    for row in rows:
        row[3] = int(truth[NAMES.index(row[0]), CLASSES.index(row[2])])
    write_csv(verdicts, [header, *rows])
    with pytest.raises(SystemExit):
        mmnoisy(monkeypatch, 'review', project, '--size', 6, '--folds', 2)
    assert 'has 6 verdicts filled in' in capsys.readouterr().err
    mmnoisy(monkeypatch, 'import', '--verdicts', verdicts, '--into', project)
    moved = len({row[0] for row in rows})
    assert f'verdicts on {moved} images of T' in capsys.readouterr().out
    index = LabelIndex.open(project / 'index/validation')
    for row in rows:
        label, present = index.verdicts.row(index.image_ids.row(row[0]))
        verdict = dict(zip(label.tolist(), present.tolist()))
        assert verdict[index.classes.index(row[2])] == row[3]
    mmnoisy(monkeypatch, *run)

    # New pictures, and a page.
    mmnoisy(monkeypatch, 'predict', project, photos, '--threshold', 0, '--out', tmp_path / 'n.csv')
    header, *predicted = csv.reader((tmp_path / 'n.csv').read_text('utf-8').splitlines())
    assert header == ['file', 'tags', 'scores']
    assert {row[0] for row in predicted} == {*NAMES}
    for row in predicted:
        assert {*json.loads(row[1])} == {*CLASSES}
        scores = json.loads(row[2])
        assert sorted(scores, reverse=True) == scores and 0 <= scores[-1] <= scores[0] <= 1
    with pytest.raises(SystemExit):
        mmnoisy(monkeypatch, 'predict', project, photos, '--format', 'voc', '--out', 'n.xml')
    assert 'n.xml: labels are not written as PASCAL VOC' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        mmnoisy(monkeypatch, 'clean', project, '--format', 'folders', '--out', tmp_path / 'cleaned')
    assert 'are not written as a folder for each class' in capsys.readouterr().err
    assert not (tmp_path / 'cleaned').exists()
    with pytest.raises(SystemExit):
        mmnoisy(monkeypatch, 'predict', project / 'config.py', photos, '--out', tmp_path / 'n.csv')
    assert 'give its checkpoint too' in capsys.readouterr().err
    mmnoisy(monkeypatch, 'clean', project)
    mmnoisy(monkeypatch, 'view', project, '--embed')
    page = (project / 'view/index.html').read_text('utf-8')
    assert any(name.split('/')[1] in page for name in NAMES)
    mmnoisy(monkeypatch, 'test', project, '--out', tmp_path / 'metrics.json')
    assert 'AP_all' in (tmp_path / 'metrics.json').read_text()


def test_a_test_set_without_a_present_label_keeps_its_labels(tmp_path, monkeypatch, capsys):
    names = [f'{k:02}.jpg' for k in range(24)]
    tested = sorted(names[:10], key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:2]
    verdicts = [
        [name, 'cat', int(name not in tested and k % 3 > 0)] for k, name in enumerate(names)
    ]
    write_csv(tmp_path / 'tags.csv', [['file', 'tag'], *([name, 'cat'] for name in names)])
    checked = [*verdicts[:10], *([name, 'dog', 0] for name in tested[:1])]
    write_csv(tmp_path / 'checked.csv', [['file', 'tag', 'verdict'], *checked])
    np.save(tmp_path / 'x.npy', np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32))
    files = ['--labels', tmp_path / 'tags.csv', '--verified', tmp_path / 'checked.csv']
    mmnoisy(monkeypatch, 'import', *files, '--out', tmp_path / 'pets')
    given = ['--features', tmp_path / 'x.npy', '--method', 'baseline', '--device', 'cpu']
    mmnoisy(monkeypatch, 'run', tmp_path / 'pets', *given, *OPTIONS)
    mmnoisy(monkeypatch, 'clean', tmp_path / 'pets', '--out', tmp_path / 'cleaned.csv')
    assert 'labels and verdicts stay on 2 images of the test set' in capsys.readouterr().out
    _, *rows = csv.reader((tmp_path / 'cleaned.csv').read_text().splitlines())
    assert sorted(row[0] for row in rows) == names
    assert [row[1] for row in rows if row[0] in tested] == ['', '']
    for command in (['test'], ['review', '--subset', 'test']):
        with pytest.raises(SystemExit) as ended:
            mmnoisy(monkeypatch, *command, tmp_path / 'pets')
        assert ended.value.code == 2
        sentence = f'{tmp_path}/pets: has no test set, as nothing is verified present'
        assert sentence in capsys.readouterr().err.splitlines()[-1]
    # The same where there is no test set at all.
    shutil.rmtree(tmp_path / 'pets/index/test')
    mmnoisy(monkeypatch, 'clean', tmp_path / 'pets', '--out', tmp_path / 'fewer.csv')
    mmnoisy(monkeypatch, 'export', tmp_path / 'pets', '--out', tmp_path / 'given.csv')
    for name in ('fewer.csv', 'given.csv'):
        _, *rows = csv.reader((tmp_path / name).read_text().splitlines())
        assert sorted(row[0] for row in rows) == sorted({*names} - {*tested})
    cv2.imwrite(str(tmp_path / '1.png'), np.zeros((8, 8, 3), np.uint8))
    new = ['predict', tmp_path / 'pets', tmp_path / '1.png', '--out', tmp_path / 'new.csv']
    with pytest.raises(SystemExit):
        mmnoisy(monkeypatch, *new)
    assert 'looks at features that were given, not at pictures' in capsys.readouterr().err


def test_one_of_each_is_said_in_the_singular(tmp_path, monkeypatch, capsys):
    (tmp_path / 'tags.csv').write_text('file,tag\na.jpg,cat\n')
    (tmp_path / 'checked.csv').write_text(
        'file,tag,verdict\nb.jpg,cat,1\nc.jpg,cat,0\nd.jpg,cow,1\n'
    )
    files = ['--labels', tmp_path / 'tags.csv', '--verified', tmp_path / 'checked.csv']
    mmnoisy(monkeypatch, 'import', *files, '--test-share', 0.5, '--out', tmp_path / 'pets')
    (tmp_path / 'more.csv').write_text('file,tag,verdict\nb.jpg,cow,0\nc.jpg,cow,0\nd.jpg,cat,0\n')
    mmnoisy(monkeypatch, 'import', '--verdicts', tmp_path / 'more.csv', '--into', tmp_path / 'pets')
    mmnoisy(monkeypatch, 'export', tmp_path / 'pets', '--out', tmp_path / 'out.csv')
    said = capsys.readouterr().out
    for text in (
        'tags.csv: 1 row, 1 label kept',
        '1 noisy label, 3 verdicts',
        ': 1 label of 4 images',
    ):
        assert text in said
    assert not re.search(r'\b1 (noisy |verified )?(rows|labels|images|verdicts|classes)\b', said)


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['photos', '--labels', 'tags.csv', '--out', 'x'], '--verified FILE: is missing'),
        (['photos', '--verified', 'checked.csv'], '--out PROJECT: is missing'),
        (['--verified', 'checked.csv', '--out', 'x'], '--labels FILE: is missing'),
        (['gone', '--verified', 'checked.csv', '--out', 'x'], 'gone: there is no such folder'),
        (
            ['photos', '--labels', 'gone.csv', '--verified', 'checked.csv', '--out', 'x'],
            'gone.csv: there is no such file',
        ),
        (
            ['photos', '--labels', 'tags.csv', '--verified', 'checked.csv', '--out', 'photos'],
            'photos: is there already',
        ),
        (
            ['photos', '--labels', 'tags.csv', '--verified', 'checked.csv', '--out', '24"'],
            '24": lies in a path with "',
        ),
        (['--verdicts', 'checked.csv'], '--verdicts FILE and --into PROJECT: give both'),
        (['--verdicts', 'x', '--into', 'y', '--test-share', '0.5'], '--into y: needs --verdicts'),
        (['--verdicts', 'x', '--into', 'y', '--verified-sep', ';'], '--into y: needs --verdicts'),
        (['--verdicts', 'checked.csv', '--into', 'photos'], 'photos: there is no project here'),
        (
            [
                'photos',
                '--labels',
                'tags.csv',
                '--verified',
                'checked.csv',
                '--out',
                'x',
                '--label-column',
                'labels',
            ],
            '--label-column labels: is no column of tags.csv',
        ),
    ],
)
def test_wrong_arguments_of_import(files, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(files[0])
    with pytest.raises(SystemExit) as ended:
        mmnoisy(monkeypatch, 'import', *arguments)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
    assert not (files[0] / 'x').exists()
