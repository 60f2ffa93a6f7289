"""The table of classes in the page of labels, sorted and filtered."""

import json
import re

import pytest
from browser import open_page

from mmnoisy.cleaning.view.cards import Card
from mmnoisy.cleaning.view.page import Contents, write_view

HOSTILE = '</script><script>document.title = 1</script>&amp;'


def class_row(name, verified, before, after):
    return dict(
        name=name, verified=verified, present=3, few=verified < 20, AP=None, rated=4, before=before,
        after=after, wrong=2 * (before < 100), found=1,
    )  # fmt: skip


@pytest.fixture
def contents():
    return Contents(
        title='view', num_images=1, drawn='', cards=[Card('a', [])], addresses=[None],
        class_names=['cat'], embedded=False, notes={},
    )  # fmt: skip


@pytest.fixture
def with_classes(contents, tmp_path):
    rows = [
        class_row(HOSTILE, 30, 50, 75),
        class_row('Äpfel', 5, 50, 25),
        class_row('cat', 40, 100, 100),
    ]
    write_view(tmp_path / 'page.html', contents._replace(classes=rows, few_verdicts=20))
    return tmp_path / 'page.html'


def test_those_of_few_verdicts_are_marked(contents, with_classes, tmp_path):
    rows = re.findall(
        r'<tr data-shows="([^"]*)"><th scope="row"[^>]*>(.*?)</th>', with_classes.read_text()
    )
    assert [shown.split() for shown, _ in rows] == [
        ['enough', 'wrong'],
        ['wrong', 'worse'],
        ['enough'],
    ]
    assert [cell.endswith('<span class="few">few</span>') for _, cell in rows] == [
        False,
        True,
        False,
    ]
    assert HOSTILE not in with_classes.read_text()
    write_view(tmp_path / 'without.html', contents)
    assert 'class-table' not in (tmp_path / 'without.html').read_text()


def test_classes_are_filtered(with_classes, tmp_path):
    def shown(page):
        return page.run(
            "[...document.querySelectorAll('#class-table tbody tr')].filter(r => !r.hidden)"
            '.map(r => r.cells[0].dataset.value).join()'
        )

    def enter(page, field, value):
        page.run(
            f'(f => {{ f.value = {json.dumps(value)}; f.dispatchEvent(new Event("input")); }})'
            f'(document.querySelector("[data-rows] {field}"))'
        )

    with open_page(with_classes, tmp_path / 'profile') as page:
        enter(page, 'input', 'ÄPF')
        assert shown(page) == 'Äpfel'
        enter(page, 'input', '')
        for kind, wanted in (
            ('enough', f'{HOSTILE},cat'),
            ('worse', 'Äpfel'),
            ('', f'{HOSTILE},Äpfel,cat'),
        ):
            enter(page, 'select', kind)
            assert shown(page) == wanted
        assert (
            page.run("document.querySelector('[data-rows] [role=status]').textContent")
            == '3 of 3 classes'
        )
        assert not page.problems()
