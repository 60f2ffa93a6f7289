"""The page in a real browser, with 10,000 images."""

import json
import re

import numpy as np
import pytest
from browser import open_page

from mmnoisy.cleaning.pairs import ADDED, KEPT, REMOVED
from mmnoisy.cleaning.view.cards import MISSED, Card, ViewedLabel
from mmnoisy.cleaning.view.page import Contents, as_json, page_path, write_view

EVIL = '</script><script>document.title = 1</script><img src=x onerror="document.title=1">\'&amp;'
IMAGES, CLASSES, STEP = 10_000, 500, 24
OUTCOMES = {(KEPT, True), (ADDED, True), (REMOVED, False)}
KINDS = {KEPT: 'kept', REMOVED: 'removed', ADDED: 'added', MISSED: 'missed'}


def random_cards(number, seed=0):
    rng = np.random.default_rng(seed)

    def label(k):
        kind = int(rng.choice([KEPT, REMOVED, ADDED], p=[0.6, 0.35, 0.05]))
        before = None if kind == ADDED else round(rng.random(), 1)
        verdict = [None, True, False][rng.integers(3)]
        return ViewedLabel(int(k), kind, before, round(rng.random(), 4), 0.25, verdict)

    return [
        Card(f'{image_id:016x}', [label(k) for k in rng.choice(CLASSES, 5, replace=False)])
        for image_id in range(number)
    ]


@pytest.fixture(scope='module')
def contents():
    cards = random_cards(IMAGES)
    cards[5].labels.append(ViewedLabel(7, MISSED, None, None, None, True))
    return Contents(
        title=EVIL,
        num_images=IMAGES,
        drawn=EVIL,
        cards=cards,
        addresses=[None, *(f'pictures/{card.image_id}.svg' for card in cards[1:])],
        class_names=[f'{EVIL} {k}' for k in range(CLASSES)],
        embedded=False,
        notes={'Pictures': EVIL},
    )


@pytest.fixture(scope='module')
def written(contents, tmp_path_factory):
    path = tmp_path_factory.mktemp('view') / 'index.html'
    (path.parent / 'pictures').mkdir()
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'
    for address in contents.addresses[2:200]:
        (path.parent / address).write_text(picture)
    write_view(path, contents)
    return path


def choose(page, field, value):
    page.run(
        f'(f => {{ f.value = {json.dumps(str(value))}; f.dispatchEvent(new Event("change")); }})'
        f'(document.getElementById("{field}"))'
    )


def number_shown(page):
    text = page.run("document.getElementById('position').textContent")
    found = re.fullmatch(r'[\d,]+\u2013[\d,]+ of ([\d,]+) images', text)
    return int(found.group(1).replace(',', '')) if found else 0


def ids_shown(page):
    shown = page.run("[...document.querySelectorAll('.example')].map(c => c.ariaLabel).join()")
    return shown.split(',') if shown else []


def option_of(page, label):
    """The value of the option of a class; the names end in its number."""
    options = "[...document.getElementById('class').options]"
    return page.run(f'{options}.find(o => / {label} \\(\\d+\\)$/.test(o.textContent)).value')


def outcome_of(label):
    if label.present is None:
        return 'unrated'
    return 'right' if (label.kind, label.present) in OUTCOMES else 'wrong'


def test_filters(page, contents):
    """An image is shown that has a label which meets all filters at once."""
    place = option_of(page, 7)
    for label, kind, outcome in (
        (None, None, None),
        (7, None, None),
        *((None, kind, None) for kind in KINDS),
        *((None, None, outcome) for outcome in ('right', 'wrong', 'unrated')),
        *((7, kind, None) for kind in KINDS),
        *((None, REMOVED, outcome) for outcome in ('right', 'wrong', 'unrated')),
        (7, REMOVED, 'wrong'),
        (7, KEPT, 'right'),
        (7, MISSED, 'right'),
    ):
        choose(page, 'class', '' if label is None else place)
        choose(page, 'kind', KINDS.get(kind, ''))
        choose(page, 'outcome', outcome or '')
        wanted = [
            card.image_id
            for card in contents.cards
            if any(
                label in (None, of.label)
                and kind in (None, of.kind)
                and outcome in (None, outcome_of(of))
                for of in card.labels
            )
        ]
        assert number_shown(page) == len(wanted), (label, kind, outcome)
        assert ids_shown(page) == wanted[:STEP]
        marked = page.run("document.querySelectorAll('tr.match').length")
        filtered = (label, kind, outcome) != (None, None, None)
        assert marked >= len(wanted[:STEP]) if filtered else marked == 0


def test_a_card_shows_labels_and_verdicts(page, contents):
    rows = page.run(
        "JSON.stringify([...document.querySelectorAll('.example')[5].querySelectorAll('tbody tr')]"
        '.map(row => [...row.cells].map(cell => cell.textContent.trim())))'
    )
    shown = json.loads(rows)
    labels = contents.cards[5].labels
    assert len(shown) == len(labels) == 6
    signs = {KEPT: '', REMOVED: '\u2212', ADDED: '+', MISSED: '?'}
    marks = {'right': '\u2713', 'wrong': '\u2717', 'unrated': ''}
    for (name, before, cleaned, score, verdict), label in zip(shown, labels):
        assert name.startswith(signs[label.kind])
        assert f'{KINDS[label.kind]}: ' in name
        assert name.endswith(contents.class_names[label.label])
        for text, value in zip((before, cleaned, score), label[2:5]):
            assert text == '\u2013' if value is None else abs(float(text) - value) < 0.0051
        assert verdict.startswith(marks[outcome_of(label)])
        if label.present is not None:
            assert verdict.endswith('verified present' if label.present else 'verified absent')


def test_pages_are_turned_by_buttons_keyboard_and_number(page):
    pagers = "document.querySelectorAll('.pager')"
    page.run(f'{pagers}[1].querySelector(\'[data-step="1"]\').click()')
    assert ids_shown(page) == [f'{k:016x}' for k in range(STEP, 2 * STEP)]
    page.run(f'{pagers}[0].querySelector(\'[data-step="-1"]\').focus()')
    page.press('Enter', 13, '\r')
    assert ids_shown(page)[0] == f'{0:016x}'
    field = f"{pagers}[0].querySelector('input')"
    turn = '(f => {{ f.value = "{}"; f.dispatchEvent(new Event("change")); }})({})'
    for number, first in ((417, 9984), (5, 96), (10**9, 9984), (-3, 0), ('', 0)):
        page.run(turn.format(number, field))
        assert ids_shown(page)[0] == f'{first:016x}'


def test_show_all_takes_the_filters_back(page):
    choose(page, 'kind', 'missed')
    assert number_shown(page) == 1
    page.run("document.getElementById('reset').click()")
    assert number_shown(page) == IMAGES


def test_light_with_10_000_images(page, written):
    """Few cards are in the document, and no picture is fetched that is not to be seen."""
    assert written.stat().st_size < 3e6
    assert page.run("document.querySelectorAll('.example').length") == STEP
    assert page.run("[...document.images].every(image => image.loading === 'lazy')")
    requests = [
        event['params']['request']['url']
        for event in page.events
        if event['method'] == 'Network.requestWillBeSent'
    ]
    assert 1 <= sum(url.endswith('.svg') for url in requests) <= STEP


def test_a_missing_picture_leaves_the_id(page, contents):
    """The first has no address, the second leads nowhere, the others are shown."""
    text = "document.querySelectorAll('.example')[{}].querySelector('.none').textContent"
    assert page.run(text.format(0)) == contents.cards[0].image_id
    page.run("document.querySelectorAll('.example')[1].querySelector('img')?.scrollIntoView()")
    wait = """new Promise(done => { const look = () => {
      const none = document.querySelectorAll('.example')[1].querySelector('.none');
      none ? done(none.textContent) : setTimeout(look, 20); }; look(); })"""
    answer = page.call('Runtime.evaluate', expression=wait, awaitPromise=True, returnByValue=True)
    assert answer['result']['value'] == contents.cards[1].image_id
    assert page.run("document.querySelectorAll('.none').length") == 2


def test_names_are_text_and_nothing_goes_wrong(page):
    assert page.run('document.title') == EVIL
    assert page.run("document.querySelector('h1').textContent") == EVIL
    assert page.run('document.scripts.length') == 2
    missing = f'{1:016x}.svg'
    assert [problem for problem in page.problems() if missing not in str(problem)] == []


@pytest.mark.parametrize('width', [400, 1280])
def test_nothing_sticks_out(page, width):
    page.resize(width, 900)
    assert page.run('document.documentElement.scrollWidth <= innerWidth')
    inside = """[...document.querySelectorAll('.example')].every(card =>
      card.querySelector('table').getBoundingClientRect().right
        <= card.getBoundingClientRect().right)"""
    assert page.run(inside)


def test_without_verdicts_nothing_is_said_of_them(contents, tmp_path):
    cards = [
        Card(card.image_id, [label._replace(present=None) for label in card.labels])
        for card in random_cards(3)
    ]
    write_view(tmp_path / 'a.html', contents._replace(cards=cards, addresses=[None] * 3))
    with open_page(tmp_path / 'a.html', tmp_path / 'profile') as page:
        shown = "[...document.querySelectorAll('.verdict')].some(e => e.offsetParent !== null)"
        assert page.run("document.querySelectorAll('.example').length") == 3
        assert not page.run(shown)
        assert page.problems() == []


def test_the_policy_stops_what_gets_in(written, tmp_path):
    """Were a name not escaped, its script would not run and its picture not be fetched."""
    text = written.read_text('utf-8')
    evil = "<script>document.title = 'in'</script><img src='https://example.org/a.png'>"
    (tmp_path / 'index.html').write_text(text.replace('</main>', f'{evil}</main>'), 'utf-8')
    with open_page(tmp_path / 'index.html', tmp_path / 'profile') as page:
        assert page.run('document.title') != 'in'
        assert 'Content Security Policy' in ' '.join(map(str, page.problems()))


def test_embedded_pictures_need_no_file(contents, written, tmp_path):
    """A page of pictures inside of it may not even ask for files."""
    linked = written.read_text('utf-8')
    embedded = contents._replace(embedded=True, cards=random_cards(2), addresses=[None] * 2)
    write_view(tmp_path / 'a.html', embedded)
    assert "img-src data: 'self' file:;" in linked.replace('&#39;', "'")
    assert 'img-src data:;' in (tmp_path / 'a.html').read_text('utf-8')


def test_the_data_is_safe_inside_html(contents):
    text = str(as_json(contents))
    assert not {*text} & {*"<>&'"}
    values = json.loads(text)
    assert values['classes'][0] == contents.class_names[0]
    for (image_id, path, _), address in zip(values['images'], contents.addresses):
        assert (values['prefix'] + path if path is not None else None) == address
        assert address is None or image_id in address


@pytest.mark.parametrize(
    ('out', 'path'),
    [('view', 'view/index.html'), ('a/b.html', 'a/b.html'), ('b.HTM', 'b.HTM')],
)
def test_page_path(tmp_path, out, path):
    assert page_path(tmp_path / out) == tmp_path / path
    (tmp_path / 'folder.html').mkdir()
    assert page_path(tmp_path / 'folder.html').name == 'index.html'
