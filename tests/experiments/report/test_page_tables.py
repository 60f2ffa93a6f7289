"""What the page of a comparison says, by hand-worked runs: numbers, marks, names from outside."""

import dataclasses
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from parsed_page import Page
from sklearn.metrics import average_precision_score

from mmnoisy.experiments.report import write_report
from mmnoisy.experiments.report.tables import NONE
from mmnoisy.experiments.runs import Evaluated, Run, Trained

EVIL = '<img src=x onerror="alert(1)">&amp;'
PRESENT = np.array([1, 0, 1, 1, 1, 0, 0, 1], bool)
CLASS = np.array([0, 1, 0, 1, 0, 1, 0, 1])
EVALUATED = Evaluated(
    class_names=['dog', EVIL, 'never verified'],
    class_categories=[(), (), ()],
    image=np.repeat(np.arange(4), 2),
    class_id=CLASS,
    present=PRESENT,
    noisy=np.ones(8, bool),
    frequency=np.array([5, 3, 1]),
    quality=np.array([0.75, 0.5, np.nan]),
    examples=[],
)
SCORES = {
    'baseline': np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], np.float32),
    'joint': np.array([0.9, 0.2, 0.8, 0.7, 0.3, 0.6, 0.4, 0.8], np.float32),
    'finetune_clean': np.array([0.9, 0.4, 0.8, 0.7, 0.6, 0.3, 0.2, 0.6], np.float32),
    'bound_truth': PRESENT.astype(np.float32),
}
METRICS = {  # AP_all, MAP of seeds 0 and 1; the last is the best, and nobody can train it
    'baseline': [(80, 70), (82, 74)],
    'joint': [(90, 61), (92, 65)],
    'finetune_clean': [(86, 70), (86, 72)],
    'bound_truth': [(99, 99), (99, 99)],
}
RUNS = [
    Run(
        method=method,
        seed=seed,
        verified=4,
        seconds=1.0,
        metrics=dict(AP_all=float(AP_all), MAP=float(MAP), num_classes=2),
        protocols={},
        scores=SCORES[method],
        top=np.empty((0, 5), int),
        top_scores=np.empty((0, 5)),
        cleaned=None,
    )
    for method, of_seeds in METRICS.items()
    for seed, (AP_all, MAP) in enumerate(of_seeds)
]
TRAINED = [
    Trained('baseline', 'Learns T.', 1.0),
    Trained('finetune_clean', f'Learns V: {EVIL}', 1 / 9, 'deep', [
        dict(factor=1.0, choice='deep', score=70.0),
        dict(factor=1 / 9, choice='deep', score=72.5),
    ], at_edge=True),
    Trained('joint', 'Learns both.', 1.0, '', [dict(factor=1.0, choice='', score=71.0)]),
]  # fmt: skip


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes and parses the page of some runs; the figures are empty."""
    monkeypatch.setattr(Figure, 'savefig', lambda self, path, **_: path.write_bytes(b''))

    def write(runs=RUNS, trained=TRAINED, **changes):
        evaluated = dataclasses.replace(EVALUATED, **changes)
        write_report(tmp_path, evaluated, runs, {'Command': EVIL}, trained)
        return Page((tmp_path / 'index.html').read_text('utf-8'))

    return write


def means(cells):
    return [text.split(' ')[0] for text in cells]


def test_the_scores_and_the_mark(write):
    rows = write().tables['scores-table'][2:]
    found = [means(row.texts[1:5]) for row in rows]
    assert found == [
        ['81.00', NONE, '72.00', NONE],
        ['86.00', '+5.00', '71.00', '\u22121.00'],
        ['91.00', '+10.00', '63.00', '\u22129.00'],
        ['99.00', '+18.00', '99.00', '+27.00'],
    ]
    marked = [row.texts[0] for row in rows if 'recommended' in row.texts[0]]
    assert marked == ['Fine-tuned, clean recommended']
    classes = [row.attributes.get('class') for row in rows]
    assert classes == [None, 'recommended', None, None]


def test_the_recommendation_stands_first_with_its_runner_up(write):
    page = write()
    assert next(iter(page.sections)) == 'recommended'
    text = page.text_of('recommended')
    assert text.startswith(f'Fine-tuned, clean recommended Learns V: {EVIL} The highest mean')
    assert 'mean of AP_all and MAP on test, 78.50,' in text
    assert re.search(r'Runner-up Joint Ahead of it by \+1.50 ± \d', text)
    assert 'The interval has 0 in it: too few images to tell the two apart.' in text


@pytest.mark.parametrize('is_open_images', [False, True])
def test_the_papers_figures_are_beside_those_of_open_images_only(write, is_open_images):
    _, header, baseline, *_ = write(is_open_images=is_open_images).tables['scores-table']
    assert ('paper, AP_all' in header.texts) == is_open_images
    assert ('83.82' in baseline.texts) == is_open_images
    assert len(baseline) == len(header) == (9 if is_open_images else 7)


def test_classes(write):
    header, *rows = write().tables['class-table']
    methods = ['Baseline', 'Fine-tuned, clean', 'Joint']
    assert header.texts[1:] == ['Verdicts', 'present', *methods, 'gain']
    assert [row[0].attributes['data-value'] for row in rows] == [EVIL, 'dog']  # by name
    for row, k in zip(rows, (1, 0)):
        of = {
            key: 100 * average_precision_score(PRESENT[k == CLASS], scores[k == CLASS])
            for key, scores in SCORES.items()
        }
        gain = of['finetune_clean'] - of['baseline']
        shown = [f'{of[key]:.1f}' for key in ('baseline', 'finetune_clean', 'joint')]
        assert row.texts[1:] == ['4', str(PRESENT[k == CLASS].sum()), *shown, f'{gain:+.1f}']
        assert row.texts[0].endswith(' few')
        assert row.attributes['data-shows'] == ('better' if gain > 0 else '')


def test_calibration(write):
    rows = write().tables['calibration-table'][1:]
    assert [row.texts[0] for row in rows][-1] == 'Bound: truth of T'
    assert means(row.texts[1] for row in rows)[-1] == '0.00'
    # Eight scores in bins of their own: the mean distance of each to its verdict.
    errors = np.abs(SCORES['baseline'] - PRESENT).mean()
    assert means([rows[0].texts[1]]) == [f'{100 * errors:.2f}']


def test_scores_that_are_no_probabilities_have_no_calibration(write):
    runs = [dataclasses.replace(run, scores=run.scores - 1) for run in RUNS]
    page = write(runs)
    assert 'calibration' not in page.sections
    assert '#calibration' not in [link.get('href') for link in page.of('a')]


def test_recipes_are_marked_where_the_search_ended_at_an_edge(write):
    rows = write().tables['recipes-table'][1:]
    assert [row.texts for row in rows] == [
        ['Baseline', '1', NONE, 'no search'],
        ['Fine-tuned, clean', '0.111 edge', 'deep', '0.111 deep: 72.50, 1 deep: 70.00'],
        ['Joint', '1', NONE, '1: 71.00'],
    ]


@pytest.mark.parametrize(('methods', 'says'), [(['joint'], True), (['bound_truth'], False)])
def test_one_system_has_no_runner_up_and_a_bound_is_not_recommended(write, methods, says):
    page = write([run for run in RUNS if run.method in methods], ())
    assert ('recommended' in page.sections) == says
    assert 'Runner-up' not in page.sections.get('recommended', '')
    assert 'recipes' not in page.sections


def test_for_every_reader(write):
    """Headings of tables say of what, pictures have a text, what scrolls can be reached."""
    page = write()
    assert all(one.get('scope') for one in page.of('th'))
    assert all(one.get('alt') for one in page.of('img'))
    scrolled = [one for one in page.of('div') if 'scroll' in one.get('class', '').split()]
    assert scrolled
    assert all(one.get('tabindex') == '0' and one.get('aria-label') for one in scrolled)
    ids = [one['id'] for _, one in page.elements if 'id' in one]
    assert len(ids) == len({*ids})
    targets = {link['href'][1:] for link in page.of('a')}
    assert targets <= {*ids}
    assert 'x' not in [one.get('src') for one in page.of('img')]
