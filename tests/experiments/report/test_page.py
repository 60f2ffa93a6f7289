"""The page in a real browser."""

import re

import pytest
from browser import open_page
from synthetic_runs import evaluated_set, runs_of

from mmnoisy.experiments.report import write_report

EVIL = '<img src=x onerror="document.title=1"><script>document.title = 1</script>'
CELLS = "[...document.querySelectorAll('#{} tbody tr')].map(row => row.cells[{}].{}).join('|')"


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp('report')
    pictures = tmp_path_factory.mktemp('pictures')
    evaluated = evaluated_set(200, 30, num_examples=8, pictures=pictures)
    evaluated.class_names[:] = [f'{EVIL} {k}' for k in range(30)]
    methods = ('baseline', 'finetune_clean', 'joint')
    runs = runs_of(evaluated, methods, 2, (100, 2500))
    write_report(folder, evaluated, runs, {'Data set': EVIL})
    return folder / 'index.html'


def column(page, table, place):
    cells = page.run(CELLS.format(table, place, 'dataset.value')).split('|')
    return [float(cell) for cell in cells]


def test_the_page_stands_alone(written):
    text = written.read_text('utf-8')
    assert "default-src 'none'" in text
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert addresses
    assert all(address.startswith(('data:', '#')) for address in addresses)


def test_a_click_sorts_and_a_second_one_turns_round(page):
    heading = "document.querySelectorAll('#scores-table thead tr:last-child th')[1]"
    before = page.run(CELLS.format('scores-table', 0, 'textContent'))
    assert before.replace(' recommended', '') == 'Baseline|Fine-tuned, clean|Joint'
    page.run(f'{heading}.querySelector("button").click()')
    falling = column(page, 'scores-table', 1)
    assert falling == sorted(falling, reverse=True)
    assert page.run(f'{heading}.getAttribute("aria-sort")') == 'descending'
    page.run(f'{heading}.querySelector("button").click()')
    assert column(page, 'scores-table', 1) == falling[::-1]
    assert page.run(f'{heading}.getAttribute("aria-sort")') == 'ascending'


def test_the_keyboard_sorts(page):
    heading = "document.querySelector('#runs-table thead th')"
    page.run("document.querySelector('#runs-table').closest('details').open = true")
    page.run(f"{heading}.querySelector('button').focus()")
    page.press('Enter', 13, '\r')
    page.press('Enter', 13, '\r')
    names = page.run(CELLS.format('runs-table', 0, 'textContent')).split('|')
    assert names == sorted(names, reverse=True)
    assert len(names) == 12


def test_examples_are_stepped_through_and_filtered(page):
    shown = "document.querySelectorAll('.example:not([hidden])').length"
    position = "document.getElementById('position').textContent"
    choose = "(f => {{ f.value = '{}'; f.dispatchEvent(new Event('change')); }})"
    assert (page.run(shown), page.run(position)) == (6, '1\u20136 of 8')
    page.run("document.getElementById('next').click()")
    assert (page.run(shown), page.run(position)) == (2, '7\u20138 of 8')
    for kind in ('differ', 'fewer', 'more'):
        page.run(choose.format(kind) + "(document.getElementById('filter'))")
        wanted = page.run(f"document.querySelectorAll('[data-kinds~={kind}]').length")
        assert page.run(shown) == min(wanted, 6), kind


@pytest.mark.parametrize('width', [400, 1280])
def test_nothing_sticks_out(page, width):
    page.resize(width, 900)
    assert page.run('document.documentElement.scrollWidth <= innerWidth')


def test_on_a_phone_the_scores_are_in_sight_and_the_names_stay(page):
    """All means and gains at once; seeds and seconds scroll, the names do not."""
    page.call('Emulation.setScrollbarsHidden', hidden=True)
    page.resize(390, 844)
    box = "document.querySelector('#scores-table').closest('.scroll')"
    ends = "[...document.querySelectorAll('#scores-table tbody td:nth-child(5)')]"
    inside = f'.every(c => c.getBoundingClientRect().right <= {box}.getBoundingClientRect().right)'
    assert page.run(ends + inside)
    name = "document.querySelector('#scores-table tbody th').getBoundingClientRect().left"
    before = page.run(name)
    page.run(f'{box}.scrollLeft = 1000')
    assert page.run(f'{box}.scrollLeft') > 0
    assert page.run(name) == before


def test_every_picture_loads_and_nothing_goes_wrong(page):
    loaded = '[...document.images].every(image => image.complete && image.naturalWidth > 0)'
    assert page.run(loaded)
    assert page.run('document.images.length') >= 8 + 4
    assert page.run('document.title') != '1'
    assert page.problems() == []


def test_the_policy_stops_what_gets_in(written, tmp_path):
    """Were a name not escaped, its script would not run and its picture not be fetched."""
    text = written.read_text('utf-8')
    evil = "<script>document.title = 'in'</script><img src='https://example.org/a.png'>"
    (tmp_path / 'index.html').write_text(text.replace('</main>', f'{evil}</main>'), 'utf-8')
    with open_page(tmp_path / 'index.html', tmp_path / 'profile') as page:
        assert page.run('document.title') != 'in'
        found = ' '.join(map(str, page.problems()))
        assert 'Content Security Policy' in found
