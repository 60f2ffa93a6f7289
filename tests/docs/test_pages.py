"""Every line of the pages for users, run in the order of the page in a folder of small pictures."""

import ast
import os
import re
import shutil

import numpy as np
import pytest
from conftest import REPO
from mmengine.config import Config
from page_lines import Shell, parts, run_page

from mmnoisy.apis import MultiLabelInferencer
from mmnoisy.datasets import SUBSETS, LabelIndex
from mmnoisy.datasets.sources.reading import read_labels

DOCS = REPO / 'docs'
LEFT_OUT = {
    **dict.fromkeys(('clean', 'review', 'predict', 'export', 'shrink', 'own_data'), 0),
    **dict.fromkeys(('get_started', 'serve'), 1),
}


@pytest.fixture(scope='module')
def started(small_network, tmp_path_factory):
    """The folder in which the first page was run to its end; it ends in the user's own one."""
    folder = tmp_path_factory.mktemp('pages')
    (folder / 'docs').symlink_to(DOCS)
    shell = Shell(folder, small_network)
    assert run_page(DOCS / 'get_started.md', shell) == LEFT_OUT['get_started']
    return shell.folder


@pytest.fixture
def shell(started, small_network, tmp_path):
    """A copy of it with what the other pages take for granted: a project and new pictures."""
    folder = tmp_path / 'own'
    shutil.copytree(started, folder)
    (folder / 'digits').rename(folder / 'pets')
    (folder / 'new_photos').mkdir()
    for number in range(1, 5):
        shutil.copy(folder / f'photos/{number:04}.jpg', folder / 'new_photos')
    return Shell(folder, small_network)


def test_get_started(started):
    before, after = (read_labels(started / name) for name in ('tags.csv', 'cleaned.csv'))
    assert {*after.images} <= {*before.images}
    assert 0 < len(after.label) < len(before.label)


@pytest.mark.parametrize(
    ('name', 'written'),
    [('clean', 'soft.csv'), ('predict', 'new.csv'), ('export', 'corrected.csv')],
)
def test_how_to(name, written, shell):
    assert run_page(DOCS / f'howto/{name}.md', shell) == LEFT_OUT[name]
    assert read_labels(shell.folder / written).images


def test_shrink(shell):
    assert run_page(DOCS / 'howto/shrink.md', shell) == LEFT_OUT['shrink']
    for folder in ('pets/pictures', 'photos-16'):
        assert len([*(shell.folder / folder).glob('*.jpg')]) == 2400


def test_serve(shell, monkeypatch):
    """The page gets the scores that the model has in single precision."""
    pytest.importorskip('onnxruntime')
    found = {}
    assert run_page(DOCS / 'howto/serve.md', shell, found) == LEFT_OUT['serve']
    monkeypatch.chdir(shell.folder)
    cfg = Config.fromfile('pets/config.py')
    cfg.model.feature_dtype = None
    inferencer = MultiLabelInferencer(cfg, 'pets/model', 'cpu')
    (wanted,) = inferencer('new_photos/0001.jpg')
    np.testing.assert_allclose(found['scores'], wanted['pred_scores'], atol=1e-4)
    assert found['names'] == inferencer.classes


def test_review(shell):
    """What the page in the browser saves is made by hand."""
    pytest.importorskip('cleanlab')
    asked, fed_back = (shell.folder / name for name in ('pets/review/verdicts.csv', 'verdicts.csv'))
    index = shell.folder / 'pets/index'
    run = shell.run

    def judged_after(line):
        said = run(line)
        if 'review' in line:
            header, *rows = asked.read_text().splitlines()
            fed_back.write_text('\n'.join([header, *(f'{row}1' for row in rows)]))
        return said

    before = len(LabelIndex.open(index / 'validation'))
    shell.run = judged_after
    assert run_page(DOCS / 'howto/review.md', shell) == LEFT_OUT['review']
    assert len(LabelIndex.open(index / 'validation')) > before


def test_own_data(shell):
    shutil.rmtree(shell.folder / 'pets')
    ids = [path.name for path in sorted((shell.folder / 'photos').iterdir())]
    (shell.folder / 'ids.txt').write_text('\n'.join(ids) + '\n')
    features = np.random.default_rng(0).random((len(ids), 8), np.float32)
    np.save(shell.folder / 'embeddings.npy', features)
    tags = (shell.folder / 'checked.csv').read_text().replace('label', 'tag', 1)
    (shell.folder / 'table.csv').write_text(tags)
    present = [row for row in tags.splitlines() if row.endswith(',1')]
    listed = ''.join(f'{row.rpartition(",")[0]}\n' for row in present)
    (shell.folder / 'listed.csv').write_text(f'picture,label\n{listed}')
    assert run_page(DOCS / 'own_data.md', shell) == LEFT_OUT['own_data']
    for name in ('pets', 'listed_pets', 'asked', 'vectors'):
        for subset in SUBSETS:
            assert len(LabelIndex.open(shell.folder / name / 'index' / subset))


def told(path, kind):
    """The labels of a file as {(image, class): value}."""
    table = read_labels(path, kind)
    values = np.ones(len(table.label)) if table.value is None else np.round(table.value, 4)
    return {
        (table.images[image], table.classes[label]): value
        for image, label, value in zip(table.image, table.label, values)
    }


def test_the_files_of_one_page_say_the_same(tmp_path):
    """Examples of formats: all of one content, as the page says."""
    noisy = {('a.jpg', 'cat'): 0.9, ('a.jpg', 'dog'): 0.6, ('b.jpg', 'dog'): 0.8}
    verdicts = {
        'verdicts.csv': {('a.jpg', 'cat'): 1, ('a.jpg', 'dog'): 0, ('b.jpg', 'dog'): 1},
        'verdict_columns.csv': {('a.jpg', 'cat'): 1, ('a.jpg', 'dog'): 0, ('b.jpg', 'dog'): 1},
    }
    found = 0
    for note, _, body in parts((DOCS / 'own_data.md').read_text('utf-8')):
        kind, _, name = note.partition(': ')
        if kind not in ('file', 'verdicts'):
            continue
        found += 1
        (tmp_path / name).write_text(body)
        if kind == 'verdicts':
            assert told(tmp_path / name, 'verified') == verdicts[name], name
        elif name == 'lists.csv':  # has no confidences
            assert told(tmp_path / name, 'noisy') == dict.fromkeys(noisy, 1)
        else:
            assert told(tmp_path / name, 'noisy') == noisy, name
    assert found == 7


def test_the_pages_leave_nothing_behind():
    """No page writes into the checkout."""
    assert not (DOCS / 'example').exists() and os.getcwd() != str(DOCS)


def texts(node):
    """A string of the source with … in place of values; None of anything else."""
    if isinstance(node, ast.JoinedStr):
        values = node.values
        return ''.join(one.value if isinstance(one, ast.Constant) else '…' for one in values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_the_messages_of_the_faq_are_those_of_the_code():
    source = {
        texts(node)
        for path in (REPO / 'mmnoisy').rglob('*.py')
        for node in ast.walk(ast.parse(path.read_text('utf-8')))
    }
    page = (DOCS / 'faq.md').read_text('utf-8')
    quoted = [line[2:] for line in page.splitlines() if line.startswith('> ')]
    assert len(quoted) >= page.count('\n### ') >= 30
    assert not {*quoted} - source
    anchors = {name.lower().replace(' ', '-') for name in re.findall(r'^### (.+)', page, re.M)}
    linked = {one for text in source if text for one in re.findall(r'faq\.md#([\w-]+)', text)}
    assert linked and linked <= anchors
