"""The tool on a generated data set: what the page shows, and refusals."""

import csv
import json
import re
import runpy
import sys

import cv2
import numpy as np
import pytest
from browser import open_page
from conftest import REPO
from made_index import make_data_set

from mmnoisy.datasets import LabelIndex


def run(tool, *command):
    with pytest.MonkeyPatch.context() as monkeypatch:
        path = str(REPO / 'tools' / tool)
        monkeypatch.setattr(sys, 'argv', [path, *map(str, command)])
        runpy.run_path(path, run_name='__main__')


def view(root, *command):
    run('view_labels.py', root / 'cleaned', '--images', root / 'pictures', *command)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """V cleaned; its pictures, but for the first."""
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    files = root / 'config.py', root / 'model.pth'
    run('clean_labels.py', *files, '--subset', 'validation', '--out', root / 'cleaned')
    (root / 'pictures/validation').mkdir(parents=True)
    rng = np.random.default_rng(0)
    for image_id in LabelIndex.open(root / 'cleaned/index').image_ids[1:]:
        path = root / f'pictures/validation/{image_id}.jpg'
        cv2.imwrite(str(path), rng.integers(256, size=(20, 30, 3), dtype=np.uint8))
    return root


def data_of(path):
    text = path.read_text('utf-8')
    return json.loads(re.search('id="data">(.*?)</script>', text).group(1))


def changes(root):
    with open(root / 'cleaned/changes.csv', newline='') as file:
        return list(csv.DictReader(file))


def tiles(page):
    values = (
        "[...document.querySelectorAll('.tile')].map(t => [...t.children].map(c => c.textContent))"
    )
    return {
        label: (value, note)
        for label, value, note in json.loads(page.run(f'JSON.stringify({values})'))
    }


def test_all_images(root, tmp_path, capsys):
    """The page has every row of changes.csv, and counts what accuracy.csv counts."""
    view(root, '--out', root / 'view')
    captured = capsys.readouterr()
    rows = changes(root)
    ids = {row['ImageID'] for row in rows}
    assert f'{len(ids)} images, written to {root / "view/index.html"}' in captured.out
    first = LabelIndex.open(root / 'cleaned/index').image_ids[0]
    assert (f'1 of {len(ids)} pictures cannot be found' in captured.err) == (first in ids)
    assert [path.name for path in (root / 'view').iterdir()] == ['index.html']

    data = data_of(root / 'view/index.html')
    names = {name: mid for mid, name in zip(*class_list(root))}
    kinds = ('kept', 'removed', 'added')
    shown = {
        (image_id, names[data['classes'][label[0]]], kinds[label[1]], *label[2:5])
        for image_id, _, labels in data['images']
        for label in labels
        if label[1] < 3
    }
    numbers = ('Before', 'Cleaned', 'Score')
    assert shown == {
        (
            *(row[name] for name in ('ImageID', 'LabelName', 'Kind')),
            *(float(row[name]) if row[name] else None for name in numbers),
        )
        for row in rows
    }
    with open(root / 'cleaned/accuracy.csv', newline='') as file:
        total = next(csv.DictReader(file))
    with open_page(root / 'view/index.html', tmp_path / 'profile') as page:
        found = tiles(page)
        before, after = float(total['RightBefore']), float(total['RightAfter'])
        value, note = found['Right after cleaning']
        assert abs(float(value[:-1]) - 100 * after) <= 0.051
        share, rated = re.fullmatch(
            r'before: ([\d.]+) %; of ([\d,]+) rated noisy labels', note
        ).groups()
        assert abs(float(share) - 100 * before) <= 0.051
        assert rated == total['Rated']
        assert page.run("document.querySelectorAll('.none').length") <= 1
        page.wait_for('Promise.any([...document.images].map(image => image.decode()))')
        assert page.run('[...document.images].some(image => image.naturalWidth === 30)')
        assert page.problems() == []


def class_list(root):
    index = LabelIndex.open(root / 'cleaned/index')
    return index.classes, index.info['class_names']


def test_a_class_and_a_kind_are_chosen_with_the_keyboard(root, tmp_path):
    view(root, '--out', tmp_path / 'view')
    mids, names = class_list(root)
    wanted = {
        row['ImageID']
        for row in changes(root)
        if row['LabelName'] == mids[0] and row['Kind'] == 'removed'
    }
    assert wanted
    with open_page(tmp_path / 'view/index.html', tmp_path / 'profile') as page:
        for field, text in (('class', names[0][:10]), ('kind', 'r')):
            page.run(f"document.getElementById('{field}').focus()")
            for letter in text:
                page.press(letter, ord(letter.upper()), letter)
        assert page.run("document.getElementById('kind').value") == 'removed'
        choice = "document.getElementById('class').selectedOptions[0].textContent"
        assert page.run(choice).startswith(names[0])
        shown = "[...document.querySelectorAll('.example')].map(c => c.ariaLabel).join()"
        assert {*page.run(shown).split(',')} == wanted


def test_embedded_pictures_travel_with_the_page(root, tmp_path):
    """The page is moved away from the pictures."""
    view(root, '--out', root / 'a.html', '--embed', '--sample', 5, '--seed', 1)
    (root / 'a.html').rename(tmp_path / 'b.html')
    with open_page(tmp_path / 'b.html', tmp_path / 'profile') as page:
        assert page.run("document.querySelectorAll('.example').length") == 5
        assert page.run('document.images.length') >= 4
        page.wait_for('document.images[0].decode()')
        assert page.run('document.images[0].naturalWidth') == 30
        assert page.problems() == []


def test_the_seed_draws(root, tmp_path):
    drawn = []
    for seed in (0, 0, 1):
        view(root, '--out', tmp_path / 'a.html', '--sample', 8, '--seed', seed)
        drawn.append([image[0] for image in data_of(tmp_path / 'a.html')['images']])
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_most_changed_images_come_first(root, tmp_path):
    view(root, '--out', tmp_path / 'a.html', '--sample', 8, '--most-changed')
    counts = [
        sum(label[1] in (1, 2) for label in labels)
        for _, _, labels in data_of(tmp_path / 'a.html')['images']
    ]
    of_all = {}
    for row in changes(root):
        of_all[row['ImageID']] = of_all.get(row['ImageID'], 0) + (row['Kind'] != 'kept')
    assert counts == sorted(of_all.values(), reverse=True)[:8]


def test_pictures_elsewhere_leave_the_ids(root, tmp_path, capsys):
    view(root, '--out', tmp_path / 'a.html', '--sample', 8, '--path-template', 'gone/{id}.jpg')
    captured = capsys.readouterr().err
    assert re.search(r'8 of 8 pictures cannot be .* first \S+/gone/[0-9a-f]{16}\.jpg', captured)
    with open_page(tmp_path / 'a.html', tmp_path / 'profile') as page:
        ids = page.run("[...document.querySelectorAll('.none')].map(e => e.textContent).join()")
        assert ids.split(',') == [image[0] for image in data_of(tmp_path / 'a.html')['images']]
        assert '8 of them without a picture' in page.run('document.body.textContent')


def test_refusals(root, capsys, tmp_path):
    def refused(*command, cleaned=root / 'cleaned', images=root / 'pictures'):
        with pytest.raises(SystemExit) as end:
            run('view_labels.py', cleaned, '--images', images, '--out', tmp_path / 'out', *command)
        assert end.value.code == 2
        assert not (tmp_path / 'out').exists()
        text = capsys.readouterr().err.strip().split('error: ')[-1]
        assert '\n' not in text
        return text

    assert '--sample 0: give 1 or more' in refused('--sample', 0)
    assert '--seed -1: give 0 or more' in refused('--seed', -1)
    assert 'there is no such folder' in refused(cleaned=tmp_path / 'gone')
    assert 'there is no such folder of pictures' in refused(images=tmp_path / 'gone')
    assert 'lacks the field {id}' in refused('--path-template', 'a.jpg')
    assert 'there is no label index here' in refused(cleaned=tmp_path)
    index = '--index', root / 'cleaned/index'
    assert 'changes.csv: there is no such file' in refused(*index, cleaned=tmp_path)
    (tmp_path / 'changes.csv').write_text('ImageID,Source\n')
    assert "the header is 'ImageID,Source'" in refused(*index, cleaned=tmp_path)
    assert 'no image of the index' in refused('--index', root / 'index/train')
    (tmp_path / 'file').write_text('')
    assert 'cannot be written (' in refused('--out', tmp_path / 'file')
