import dataclasses
import re

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import stats
from synthetic_runs import METHODS, evaluated_set, one_run, runs_of

from mmnoisy import InputError
from mmnoisy.experiments.report import write_report, writing
from mmnoisy.experiments.report.by_class import class_groups, class_precisions, gains_by_group
from mmnoisy.experiments.report.methods import methods_of
from mmnoisy.experiments.report.results import runs_at
from mmnoisy.experiments.report.sampling import Sampling
from mmnoisy.experiments.report.writing import FILES

EVALUATED = evaluated_set(num_images=200, num_classes=30, num_examples=3, is_open_images=True)
FIGURES = [name for name in FILES if name.endswith('.png')]
EVIL = '<script>alert(1)</script>|$x_$"\'&'


@pytest.fixture
def small(monkeypatch):
    """Figures are laid out as ever, but of few pixels."""
    save = Figure.savefig
    monkeypatch.setattr(Figure, 'savefig', lambda self, path, **_: save(self, path, dpi=60))


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are empty files."""
    monkeypatch.setattr(Figure, 'savefig', lambda self, path, **_: path.write_bytes(b''))


def read_table(path):
    """The cells of a Markdown table, line by line."""
    lines = [line for line in path.read_text('utf-8').splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]


def nothing_is_cut(picture):
    """Whether no text or line touches the left or right edge."""
    return (picture[:, [0, -1]] == 255).all()


def test_all_files(tmp_path):
    write_report(tmp_path, EVALUATED, runs_of(EVALUATED, seeds=2, verified=(100, 2500)), {})
    assert {path.name for path in tmp_path.iterdir()} == {*FILES}
    for name in FIGURES:
        picture = cv2.imread(str(tmp_path / name))
        assert picture.shape[1] == {'figure7.png': 2200}.get(name, 1800)
        assert nothing_is_cut(picture), name
    header, _, *rows = read_table(tmp_path / 'table2.md')
    assert header[0] == 'method'
    assert [row[0] for row in rows] == [m.name for m in methods_of(METHODS).values()]
    assert rows[0][-2:] == ['83.82', '61.82']
    joint = [run.metrics['AP_all'] for run in runs_of(EVALUATED, ('joint',), 2)]
    assert rows[6][1].startswith(f'{np.mean(joint):.2f} ± ')
    assert rows[6][2].startswith('+')


def test_gains_by_group_stand_in_a_table(tmp_path, undrawn):
    runs = runs_of(EVALUATED, ('baseline', 'joint', 'bound_truth'), 2)
    write_report(tmp_path, EVALUATED, runs, {})
    rows = read_table(tmp_path / 'gains.md')
    quality = [row[0] for row in rows].index('annotation quality')
    assert rows[0][1:] == rows[quality][1:] == ['classes', 'Joint', 'Bound: truth of T']
    by_method = runs_at(runs, 2500)
    sampling = Sampling(EVALUATED, class_groups(EVALUATED))
    resampled = {
        key: {seed: sampling(run) for seed, run in of.items()} for key, of in by_method.items()
    }
    precisions = class_precisions(EVALUATED, by_method)
    for name, found, scale, unit in (
        ('frequency', rows[2:quality], 1, ''),
        ('quality', rows[quality + 2 :], 100, ' %'),
    ):
        groups = gains_by_group(EVALUATED, name, precisions, resampled)
        assert len(found) == len(groups.ends)
        for place, (ends, classes, joint, bound) in enumerate(found):
            low, high = (f'{scale * end:.0f}' for end in groups.ends[place])
            assert ends == (low if low == high else f'{low}\u2013{high}') + unit
            assert classes == '{} ({})'.format(*groups.sizes[place]).replace(' (0)', '')
            for cell, key in ((joint, 'joint'), (bound, 'bound_truth')):
                mean, half, _ = groups.values[key][place]
                assert cell == f'{mean:+.2f} ± {half:.2f}'.replace('-', '\u2212')


def test_the_tables_have_every_metric_that_all_runs_share(tmp_path, undrawn):
    runs = [
        dataclasses.replace(run, metrics={'F1': 50.0 + place, **run.metrics})
        for place, run in enumerate(runs_of(EVALUATED, ('baseline', 'joint'), 2, (100, 2500)))
    ]
    runs[0].metrics['speed'] = 1.0  # one run's own
    write_report(tmp_path, EVALUATED, runs, {})
    header, _, _, joint = read_table(tmp_path / 'table2.md')
    scores = ['F1', 'gain', 'AP_all', 'gain', 'MAP', 'gain']
    assert header == ['method', *scores, 'seeds', 'paper AP_all', 'paper MAP']
    half = 0.5 * stats.t.ppf(0.975, 1)  # of 56 and 57
    assert joint[1:3] == [f'56.50 ± {half:.2f}', '+2.00 ± 0.00']
    assert 'Of F1 the interval is that over seeds alone.' in (tmp_path / 'table2.md').read_text()
    assert 'Of F1 the interval is that over seeds alone.' in (tmp_path / 'index.html').read_text()
    assert read_table(tmp_path / 'steps.md')[0] == ['better by F1', 'than', 'F1', 'AP_all', 'MAP']
    assert not any('F1' in cell for cell in read_table(tmp_path / 'protocols.md')[0])


def test_runs_without_a_metric_in_common_are_refused(tmp_path):
    runs = runs_of(EVALUATED, ('baseline', 'joint'), 1)
    runs[1] = dataclasses.replace(runs[1], metrics={'F1': 50.0})
    with pytest.raises(InputError, match='test_evaluator: the runs have no metric in common'):
        write_report(tmp_path, EVALUATED, runs, {})


def test_one_seed_says_that_its_interval_is_that_of_the_images(tmp_path, undrawn):
    write_report(tmp_path, EVALUATED, runs_of(EVALUATED, ('baseline', 'joint'), 1), {})
    text = (tmp_path / 'table2.md').read_text('utf-8')
    page = (tmp_path / 'index.html').read_text('utf-8')
    for written in (text, page):
        assert 'One seed: ± half of the 95 % interval over the test images' in written
    assert not (tmp_path / 'learning_curve.png').exists()


def test_missing_baselines_are_named(tmp_path, undrawn):
    runs = runs_of(EVALUATED, ('baseline', 'joint'))[1:]
    write_report(tmp_path, EVALUATED, runs, {})
    assert 'seeds with a baseline: Joint 2' in (tmp_path / 'table2.md').read_text('utf-8')


@pytest.mark.parametrize('method', ['joint', 'baseline', 'mine'])
def test_a_single_method(tmp_path, small, method):
    write_report(tmp_path, EVALUATED, runs_of(EVALUATED, (method,)), {})
    written = {path.name for path in tmp_path.iterdir()}
    assert not {'figure5.png', 'gains.md'} & written
    assert ('cleaned_labels.md' in written) == (method == 'joint')
    no_baseline = 'there is no run' in (tmp_path / 'table2.md').read_text('utf-8')
    assert no_baseline == (method != 'baseline')


def test_no_categories_no_quality_no_examples(tmp_path, small):
    num_classes = len(EVALUATED.class_names)
    evaluated = dataclasses.replace(
        EVALUATED,
        class_categories=[()] * num_classes,
        quality=np.full(num_classes, np.nan),
        examples=[],
    )
    runs = runs_of(evaluated, ('baseline', 'joint'))
    write_report(tmp_path, evaluated, runs, {})
    assert [row[0] for row in read_table(tmp_path / 'table3.md')[2:]] == ['others']
    written = {path.name for path in tmp_path.iterdir()}
    assert {*FILES} - written == {'figure7.png', 'cleaned_labels.png', 'learning_curve.png'}
    assert 'id="examples"' not in (tmp_path / 'index.html').read_text('utf-8')


def test_names_from_outside_stay_text(tmp_path, small):
    evaluated = dataclasses.replace(
        EVALUATED,
        class_names=[EVIL] * 30,
        class_categories=[(EVIL,)] * 30,
    )
    runs = [one_run(evaluated, method, 0) for method in ('baseline', 'joint', f'joint {EVIL}')]
    write_report(tmp_path, evaluated, runs, {EVIL: EVIL})
    page = (tmp_path / 'index.html').read_text('utf-8')
    assert '<script>alert' not in page
    assert '&lt;script&gt;alert(1)&lt;/script&gt;' in page
    for name in ('table2.md', 'table3.md', 'protocols.md', 'cleaned_labels.md', 'gains.md'):
        text = (tmp_path / name).read_text('utf-8')
        assert '<script' not in text, name
        bars = {len(re.findall(r'(?<!\\)\|', line)) for line in text.splitlines() if '|' in line}
        assert len(bars) == 1, name


def test_twelve_methods_have_names_and_places_of_their_own(tmp_path, small):
    keys = (*METHODS, 'own a', 'own b', 'own method with quite a long name')
    write_report(tmp_path, EVALUATED, runs_of(EVALUATED, keys, 2), {})
    for path in tmp_path.glob('*.png'):
        assert nothing_is_cut(cv2.imread(str(path))), path
    methods = methods_of(keys)
    assert len({method.colour for method in methods.values()}) == 12
    names = [row[0] for row in read_table(tmp_path / 'table2.md')[2:]]
    bounds = ['Bound: verdicts on T', 'Bound: truth of T']
    assert names[-5:] == [*keys[-3:], *bounds]


def test_a_report_leaves_nothing_of_the_one_before_it(tmp_path, undrawn, monkeypatch):
    runs = runs_of(EVALUATED, ('baseline', 'joint'), 1, (100, 2500))
    (tmp_path / 'results.json').write_text('{}')
    write_report(tmp_path, EVALUATED, runs, {})
    assert (tmp_path / 'learning_curve.png').exists()
    write_report(tmp_path, EVALUATED, runs[2:], {})
    assert not (tmp_path / 'learning_curve.png').exists()
    assert (tmp_path / 'results.json').exists()

    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(writing, 'render_comparison', full)
    with pytest.raises(InputError, match=r'cannot be written \(No space left on device'):
        write_report(tmp_path, EVALUATED, runs, {})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
