"""The page of a project by hand-worked findings: marks, the lead, edges, names from outside."""

import copy
import json

import pytest
import torch
from parsed_page import Page

from mmnoisy.datasets.project import Project
from mmnoisy.experiments.judgement import reason
from mmnoisy.experiments.report.project import write_page

EVIL = '<img src=x onerror="alert(1)">&amp;'


def tried(name, mean, behind, chosen=False):
    return dict(
        name=name,
        text=f'what {name} does',
        AP_all=(mean + 1, mean, mean + 2),
        MAP=(mean - 1, mean - 2, mean),
        mean=(mean, mean - 1, mean + 1),
        behind=behind,
        chosen=chosen,
    )


def error(name, value):
    return dict(name=name, text=f'{name} network', squared_error=(value, value, value))


JUDGED = dict(
    AP_all=(80.25, 79.0, 81.5), MAP=(70.5, 69.0, 72.0),
    before=(60.0, 55.0, 65.0), after=(75.0, 70.0, 80.0), gain=(15.0, 10.0, 20.0),
)  # fmt: skip
BINS = dict(pairs=[3, 1], predicted=[0.2, 0.9], observed=[0.2, 1.0])
FOUND = dict(
    method='best',
    text='learns from cleaned labels',
    why='best scores highest.',
    warnings=[EVIL],
    folds=3,
    validation=JUDGED,
    test=None,
    images=dict(train=1200, validation=30),
    seconds=61.0,
    calibration=dict(validation=BINS),
    classes=[],
    tried=dict(
        start=[tried('start', 60.0, (0.0, 0.0, 0.0), True)],
        biases=[tried('start', 60.0, (0.0, 0.0, 0.0), True), tried('fast', 59.0, (1.0, 0.0, 2.0))],
        cleaner=[error('strict', 0.25), error('free', 0.125)],
        rate=[tried(f'r-{k}', 60.0 + k, (0.0, 0.0, 0.0), k == 2) for k in range(3)],
        methods=[
            tried('baseline', 60.0, (10.0, 5.0, 15.0)),
            tried('joint', 69.0, (1.0, 0.5, 1.5)),
            tried('best', 70.0, (0.0, 0.0, 0.0), True),
        ],
    ),
)


def choosing(found, name):
    """The findings, had another method been chosen than the best one."""
    found = copy.deepcopy(found)
    for row in found['tried']['methods']:
        row['chosen'] = row['name'] == name
    return {**found, 'method': name}


@pytest.fixture
def page(tmp_path):
    (tmp_path / 'model').mkdir()
    torch.save(dict(state_dict={}, meta={}), tmp_path / 'model/iter_5.pth')
    info = dict(format='mmnoisy project', version=1, pictures=None)
    (tmp_path / 'project.json').write_text(json.dumps(info))

    def page(**changes):
        path = tmp_path / 'index.html'
        write_page(path, Project.open(tmp_path), {**FOUND, **changes})
        return Page(path.read_text('utf-8'))

    return page


def test_the_chosen_method_stands_first_with_its_runner_up(page):
    made = page()
    assert next(iter(made.sections)) == 'recommended'
    text = made.text_of('recommended')
    assert text.startswith('best recommended Learns from cleaned labels best scores highest.')
    assert 'joint Ahead of it by 1.00 (0.50 to 1.50) in the mean of AP_all and MAP' in text
    assert text.endswith('The interval leaves out 0.')


@pytest.mark.parametrize(
    ('name', 'lead'), [('joint', '1.00 (0.50 to 1.50)'), ('baseline', '10.00 (5.00 to 15.00)')]
)
def test_one_that_is_chosen_though_another_is_ahead_says_so(page, name, lead):
    text = page(**choosing(FOUND, name)).text_of('recommended')
    assert f'best Behind it by {lead}' in text
    assert text.endswith('The interval leaves out 0.')


def test_a_lead_that_may_be_chance(page):
    found = copy.deepcopy(FOUND)
    found['tried']['methods'][1]['behind'] = (1.0, -0.5, 2.5)
    text = page(**found).text_of('recommended')
    assert text.endswith('The interval has 0 in it: too few images to tell the two apart.')


def test_a_method_that_was_asked_for_has_no_runner_up(page):
    found = copy.deepcopy(FOUND)
    del found['tried']['methods'][:2]
    assert 'Runner-up' not in page(**found).text_of('recommended')


def test_tables(page):
    rows = page().tables[None]
    texts = [row.texts for row in rows]
    judged = ['60.0 (55.0 to 65.0)', '75.0 (70.0 to 80.0)', '15.0 (10.0 to 20.0)']
    scores = ['80.25 (79.00 to 81.50)', '70.50 (69.00 to 72.00)']
    assert ['V, cross-fitted', *judged, *scores] in texts
    of_joint = ['70.00 (69.00 to 71.00)', '68.00 (67.00 to 69.00)', '1.00 (0.50 to 1.50)']
    assert ['joint', *of_joint] in texts
    marked = {row.texts[0] for row in rows if row.attributes.get('class') == 'recommended'}
    assert marked == {'best chosen', 'start chosen'}


def test_searches_that_ended_at_an_edge_are_marked(page):
    text = page().text_of('choice')
    assert 'free network; squared error 0.1250 (0.1250 to 0.1250) edge' in text
    assert 'chosen edge: the smallest that is tried' in text
    assert text.count('edge') == 2
    found = copy.deepcopy(FOUND)
    del found['tried']['rate'][2]
    found['tried']['cleaner'].append(error('freer', 0.5))
    assert 'edge' not in page(**found).text_of('choice')


def test_names_are_text_and_everything_is_in_the_file(page):
    made = page()
    assert EVIL in made.sections['warnings']
    pictures = [one['src'] for one in made.of('img')]
    assert pictures
    assert all(src.startswith('data:image/png') for src in pictures)
    assert all(one.get('alt') for one in made.of('img'))
    assert all(one.get('scope') for one in made.of('th'))


def test_why_one_is_taken_though_another_scores_higher():
    rows = FOUND['tried']['methods']
    assert reason(rows) == (
        'best scores highest on V, 70.00; the next, joint, is behind by 1.00 (0.50 to 1.50).'
    )
    assert reason(choosing(FOUND, 'joint')['tried']['methods']).endswith('is simpler.')
    later = [*choosing(FOUND, '')['tried']['methods'], tried('soup', 69.5, (0.5, -0.5, 1.5), True)]
    assert reason(later).endswith(
        'soup, no further behind than chance explains, 0.50 (-0.50 to 1.50), is taken unless '
        'another one is surely ahead.'
    )
