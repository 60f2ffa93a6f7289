"""The page that asks for verdicts: its logic in Node, all of it in a browser, its file fed back."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from browser import open_page
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from made_index import make_labels

from mmnoisy.cleaning.pairs import PAIR
from mmnoisy.cleaning.review import page as review_page
from mmnoisy.cleaning.review.page import Asked, as_json, asked_about, write_review
from mmnoisy.cleaning.review.queue import Queue
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import read_verdicts
from mmnoisy.datasets.sources.importing import Labels, add_labels
from mmnoisy.datasets.sources.reading import read_labels
from mmnoisy.io.spreadsheet import from_text
from mmnoisy.io.texts import Texts

SCRIPTS = Path(review_page.__file__).parent / 'templates'
EVIL = '</script><img src=x onerror="document.title=1">, \'&amp;"'
NAMES = ['dog', '=1+1', 'a; "b", c', 'Käse', EVIL]
VERDICTS = {'p': True, 'a': False, '1': True, '0': False, 's': None}


def own_index(subset, seed):
    """An index with the names of an owner."""
    index = make_labels(20, len(NAMES), subset, seed)
    index.info.update(classes=NAMES, class_names=NAMES)
    ids = Texts.of(sorted(f'{subset}, été/IMG "{k:02}".JPG' for k in range(20)))
    return LabelIndex(ids, index.noisy, index.verdicts, index.info)


@pytest.fixture(scope='module')
def queue():
    """20 labels on 10 images of T."""
    pairs = np.zeros(20, PAIR)
    pairs['image'] = np.repeat(np.arange(10), 2)
    pairs['label'] = np.tile([0, 1, 2, 3, 4], 4)
    pairs['before'], pairs['raw'], pairs['score'] = 0.75, 1.5, 0.125
    return Queue(pairs, np.ones(20), np.ones(20))


@pytest.fixture(scope='module')
def index():
    return own_index('train', 0)


@pytest.fixture(scope='module')
def written(queue, index, tmp_path_factory):
    folder = tmp_path_factory.mktemp('queue')
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'
    for k in range(18):
        (folder / f'{k}.svg').write_text(picture)
    addresses = [*(f'{k}.svg' for k in range(18)), 'gone.svg', None]
    labels = asked_about(queue, index, addresses)
    write_review(folder / 'index.html', EVIL, labels, f'import --into {EVIL}')
    return folder / 'index.html'


def saved_as(labels, answers):
    """The file that the page saves, by Python: answers are True, False and None."""
    data = json.loads(str(as_json(labels)))
    rows = zip((row for *_, row in data['labels']), answers)
    return data['header'] + ''.join(f'{row}{int(one)}\n' for row, one in rows if one is not None)


def check_fed_back(path, queue, index, answers):
    """A saved file is imported into a project and gives those verdicts in the owner's names."""
    before = own_index('validation', 1)
    indexes = {'train': index, 'validation': before, 'test': own_index('test', 2)}
    added = add_labels(indexes, Labels(str(path), read_labels(path, 'verified'))).indexes
    after = added['validation']
    for (row, label), answer in zip(queue.pairs[['image', 'label']].tolist(), answers):
        place = after.image_ids.row(index.image_ids[row])
        known, present = ([], []) if place < 0 else after.verdicts.row(place)
        assert dict(zip(known, present)).get(label) == answer
    moved = {row for row, one in zip(queue.pairs['image'], answers) if one is not None}
    assert len(after) == len(before) + len(moved)


def test_the_file_is_fed_back_into_a_project(queue, index, tmp_path):
    answers = [[True, False, None][k % 3] for k in range(20)]
    labels = asked_about(queue, index, [None] * 20)
    path = tmp_path / 'verdicts.csv'
    path.write_text(saved_as(labels, answers), 'utf-8')
    check_fed_back(path, queue, index, answers)


def test_the_file_is_fed_back_into_open_images(queue, tmp_path):
    index = make_labels(20, 5, 'train', 0)
    answers = [[True, False, None][k % 3] for k in range(20)]
    path = tmp_path / 'verdicts.csv'
    path.write_text(saved_as(asked_about(queue, index, [None] * 20), answers))
    verdicts, account = read_verdicts(ReleaseFile(path), index.image_ids, index.classes)
    assert account['kept'] == sum(one is not None for one in answers)
    for (row, label), answer in zip(queue.pairs[['image', 'label']].tolist(), answers):
        assert dict(zip(*map(np.ndarray.tolist, verdicts.row(row)))).get(label) == answer


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=5))
def test_any_name_comes_back_from_the_file(names):
    labels = [Asked(i, k, k, 1.0, 1.0, 1.0) for i, k in names]
    try:
        text = saved_as(labels, [True] * len(labels)).encode()
    except UnicodeEncodeError:
        return
    _, *rows = csv.reader(io.StringIO(text.decode(), newline=''))
    read = [(from_text(image), from_text(label), verdict) for image, _, label, verdict in rows]
    assert read == [(*pair, '1') for pair in names]


def test_a_queue_has_a_key_of_its_own(queue, index):
    labels = asked_about(queue, index, [None] * 20)
    key = json.loads(str(as_json(labels)))['key']
    assert key == json.loads(str(as_json([one._replace(address='x') for one in labels])))['key']
    assert key != json.loads(str(as_json(labels[1:])))['key']
    assert not {*str(as_json(labels))} & {*"<>&'"}


# A slow obvious version of verdicts.js, and what Node makes of the same steps.
class Slow:
    def __init__(self, size):
        self.states = [(['.'] * size, 0)]
        self.given, self.place, self.size = ['.'] * size, 0, size

    def step(self, name):
        if name in ('1', '0', 's'):
            if self.place < self.size:
                self.states.append(([*self.given], self.place))
                self.given[self.place] = name
                self.place += 1
        elif name == 'undo':
            if len(self.states) > 1:
                self.given, self.place = self.states.pop()
        elif name == 'open':
            here = [k for k, one in enumerate(self.given) if one == '.']
            after = [k for k in here if k > self.place]
            self.place = [*after, *here, self.size][0]
        else:
            self.place = min(max(0, self.place + int(name)), self.size)


RUN = """
const fs = require('fs');
const [source, input] = [fs.readFileSync(process.argv[1], 'utf8'), fs.readFileSync(0, 'utf8')];
const { Verdicts } = new Function(`${source}; return { Verdicts };`)();
const results = JSON.parse(input).map(({ size, steps }) => {
  let verdicts = new Verdicts(size);
  return steps.map((step) => {
    if (step === 'undo') verdicts.undo();
    else if (step === 'open') verdicts.goToOpen();
    else if (/^[10s]$/.test(step)) verdicts.judge(step);
    else verdicts.go(verdicts.place + Number(step));
    verdicts = new Verdicts(size, verdicts.text()); // as if the page were loaded again
    const rows = [...Array(size).keys()].map((k) => `${k},`);
    return [verdicts.given.join(''), verdicts.place, verdicts.csv('h\\n', rows)];
  });
});
const strange = ['', 'null', '{}', '[]', '{"given":"1","past":[],"place":0}',
  '{"given":"1x","past":[],"place":0}', '{"given":"1.","past":[[2,"."]],"place":0}',
  '{"given":"1.","past":[],"place":3}', '{"given":"1.","past":[],"place":-1}'];
const ignored = strange.map((text) => new Verdicts(2, text).text());
console.log(JSON.stringify({ results, ignored }));
"""


def node(script, *arguments, stdin=''):
    program = shutil.which('node')
    if program is None:
        pytest.skip('Node is not installed')
    command = [program, '-e', script, *map(str, arguments)]
    result = subprocess.run(command, input=stdin, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_verdicts_undo_moves_and_what_is_kept():
    steps = st.sampled_from(['1', '0', 's', '1', '0', 'undo', 'open', '+1', '-1', '-5'])
    cases = []

    @examples(max_examples=200, derandomize=True, database=None)
    @given(st.integers(0, 4), st.lists(steps, max_size=25))
    def draw(size, chosen):
        cases.append(dict(size=size, steps=chosen))

    draw()
    found = node(RUN, SCRIPTS / 'verdicts.js', stdin=json.dumps(cases))
    for case, results in zip(cases, found['results']):
        slow = Slow(case['size'])
        for step, (verdicts, place, text) in zip(case['steps'], results):
            slow.step(step)
            # Undo takes back one verdict, not the moves since.
            assert (verdicts, place) == (''.join(slow.given), slow.place)
            judged = [f'{k},{one}\n' for k, one in enumerate(slow.given) if one in '10']
            assert text == 'h\n' + ''.join(judged)
    assert {*found['ignored']} == {'{"given":"..","past":[],"place":0}'}


def press(page, keys):
    for key in keys:
        letter = len(key) == 1
        page.press(key, ord(key.upper()) if letter else 37, key if letter else '')


def shown(page):
    return page.run("document.getElementById('status').textContent")


def test_twenty_labels_by_keyboard_saved_and_fed_back(written, queue, index, tmp_path):
    downloads = tmp_path / 'saved'
    downloads.mkdir()
    keys = 'pa10s' * 4
    with open_page(written, tmp_path / 'profile') as page:
        page.call('Page.setDownloadBehavior', behavior='allow', downloadPath=str(downloads))
        assert page.run('document.title') == EVIL
        assert page.run("document.getElementById('label').textContent") == NAMES[0]
        press(page, keys[:3])
        press(page, 'u')
        assert shown(page) == 'Label 3 of 20: 1 present, 1 absent, 0 skipped, 18 left'
        page.load(written)  # the browser keeps what was said
        assert shown(page) == 'Label 3 of 20: 1 present, 1 absent, 0 skipped, 18 left'
        press(page, ['ArrowLeft'])
        assert page.run("document.getElementById('said').textContent") == 'Your verdict: absent.'
        press(page, 'n' + keys[2:])
        assert shown(page).startswith('All 20 labels have had their turn: 8 present, 8 absent')
        assert page.run("document.getElementById('question').hidden")
        page.run("document.getElementById('save').focus()")
        page.press('Enter', 13, '\r')
        wait_for(page, downloads / 'verdicts.csv')
        problems = [one for one in page.problems() if 'gone.svg' not in str(one)]
        assert [one for one in problems if not str(one).startswith('blob:')] == []
    answers = [VERDICTS[key] for key in keys]
    saved = (downloads / 'verdicts.csv').read_text('utf-8')
    assert saved == saved_as(asked_about(queue, index, [None] * 20), answers)
    check_fed_back(downloads / 'verdicts.csv', queue, index, answers)


def wait_for(page, path):
    """Waits until the browser has written a file; each question to it gives it time."""
    for _ in range(1000):
        if path.is_file():
            return
        page.wait_for('new Promise(done => setTimeout(done, 10))')
    raise AssertionError(f'{path} was not saved')


def test_buttons_names_pictures_and_widths(page, written):
    """What is asked is text, keys can be turned off, pictures that are missing leave their name."""
    page.run('localStorage.clear()')
    page.load(written)
    page.run("document.querySelector('[data-do=present]').click()")
    page.run("document.getElementById('keys').click()")
    press(page, 'pp')
    assert shown(page) == 'Label 2 of 20: 1 present, 0 absent, 0 skipped, 19 left'
    page.run("document.querySelector('[data-do=back]').click()")
    pressed = "document.querySelector('[data-do=present]').getAttribute('aria-pressed')"
    assert page.run(pressed) == 'true'
    for _ in range(4):
        page.run("document.querySelector('[data-do=next]').click()")
    assert page.run("document.getElementById('label').textContent") == EVIL
    for _ in range(14):
        page.run("document.querySelector('[data-do=skip]').click()")
    page.wait_for(
        """new Promise(done => { const look = () =>
        document.getElementById('none').hidden ? setTimeout(look, 20) : done(); look(); })"""
    )
    page.run("document.querySelector('[data-do=next]').click()")
    assert not page.run("document.getElementById('none').hidden")
    for width in (390, 1280):
        page.resize(width, 900)
        assert page.run('document.documentElement.scrollWidth <= innerWidth')
    page.run("document.querySelector('#all summary').click()")
    page.wait_for('new Promise(done => setTimeout(done, 20))')
    rows = page.run("document.querySelectorAll('#table tr').length")
    assert rows == 20


def test_every_control_has_a_name_and_the_page_runs_only_its_scripts(written):
    text = written.read_text('utf-8')
    assert text.count('<script>') == 2 and "script-src 'sha256-" in text.replace('&#39;', "'")
    assert not re.search(r'(?:src|href)="https?:', text)
    assert 'prefers-color-scheme: dark' in text and '@media print' in text
    for button in re.findall(r'<button[^>]*>(.*?)</button>', text, re.S):
        assert re.sub(r'<kbd.*?</kbd>', '', button).strip()
