"""compare.py on a generated data set, and what it says about wrong input."""

import json
import runpy
import shutil
import sys
from dataclasses import asdict

import pytest
import torch
from conftest import REPO
from made_index import make_data_set, make_labels

from mmnoisy.comparison.recipes import Recipe
from mmnoisy.comparison.rivals import RIVALS
from mmnoisy.comparison.systems import SYSTEMS, systems

METHODS = {
    'baseline',
    'misra_visual',
    'misra_relevance',
    'finetune_mixed',
    'finetune_clean',
    'joint_pretrained',
    'joint',
}
KEYS = {'method', 'seed', 'verified', 'AP_all', 'MAP', 'num_classes', 'seconds'}


def run_tool(name, *arguments):
    tool = str(REPO / 'tools' / name)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        runpy.run_path(tool, run_name='__main__')


def compare(root, *more):
    folders = ['--index', root / 'index', '--features', root / 'features']
    run_tool('compare.py', *folders, '--recipe', root / 'recipes.json', *more)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    recipe = asdict(Recipe(3, 0.01, 0.02, 0.03, 20))
    (root / 'recipes.json').write_text(json.dumps(dict.fromkeys(SYSTEMS, recipe)))
    return root


@pytest.fixture(scope='module')
def out(root):
    compare(root, '--out', root / 'out', '--seeds', 2, '--verified', '20')
    return root / 'out'


def test_results_have_every_method_seed_and_size(out):
    rows = json.loads((out / 'results.json').read_text())['rows']
    found = [(row['method'], row['seed'], row['verified']) for row in rows]
    assert sorted(found) == sorted((m, s, v) for m in METHODS for s in (0, 1) for v in (20, 60))
    assert all(row.keys() >= KEYS for row in rows)
    for name in ('table2.md', 'table3.md', 'steps.md', 'protocols.md', 'figure5.png'):
        assert (out / name).stat().st_size
    assert '<table' in (out / 'index.html').read_text()


def test_the_same_command_trains_nothing(root, out, capsys):
    before = (out / 'results.json').read_text()
    trained = {path: path.stat().st_mtime_ns for path in out.glob('runs/*/*')}
    compare(root, '--out', out, '--seeds', '2', '--verified', '20')
    assert (out / 'results.json').read_text() == before
    assert {path: path.stat().st_mtime_ns for path in out.glob('runs/*/*')} == trained
    assert (out / 'table2.md').read_text() in capsys.readouterr().out


def test_the_metric_of_the_configs_says_the_same(root, out, tmp_path):
    weights = torch.load(out / 'runs/joint-v60-s0/weights.pth', weights_only=True)
    shape = weights['state_dict']['cleaning_head.hidden.weight'].shape
    config = tmp_path / 'config.py'
    text = (root / 'config.py').read_text()
    config.write_text(
        text.replace('embed_dims=16', f'embed_dims={shape[1] // 2}').replace(
            'hidden_dims=16', f'hidden_dims={shape[0]}'
        )
    )
    checkpoint = out / 'runs/joint-v60-s0/weights.pth'
    values = tmp_path / 'metrics.json'
    run_tool('test.py', config, checkpoint, '--work-dir', tmp_path, '--out', values)
    found = json.loads(values.read_text())
    rows = json.loads((out / 'results.json').read_text())['rows']
    (row,) = (r for r in rows if (r['method'], r['seed'], r['verified']) == ('joint', 0, 60))
    for key in ('AP_all', 'MAP'):
        (value,) = (v for k, v in found.items() if k.split('/')[-1] == key)
        assert value == pytest.approx(row[key], abs=1e-3)


def test_all_adds_what_the_paper_does_not_have(root, out, tmp_path):
    copy = shutil.copytree(out, tmp_path / 'out')
    compare(root, '--out', copy, '--seeds', '2', '--verified', '20', '--all')
    rows = json.loads((copy / 'results.json').read_text())['rows']
    before = json.loads((out / 'results.json').read_text())['rows']
    ours = {'baseline_soft', 'joint_soft', 'joint_listed', 'finetune_listed', 'best'}
    methods = {*RIVALS, *ours}  # there is no file for the bound
    added = [row for row in rows if row['method'] in methods]
    assert [row for row in rows if row not in added] == before
    found = sorted((row['method'], row['seed'], row['verified']) for row in added)
    assert found == sorted((m, s, v) for m in methods for s in (0, 1) for v in (20, 60))
    table = (copy / 'table2.md').read_text()
    assert all(name in table for name in ('Asymmetric loss', 'SPLC', 'Logit cleaning'))
    assert 'Without those of lower AP_all' in (copy / 'index.html').read_text()


def test_chosen_systems_bring_what_they_start_from(root, tmp_path):
    compare(root, '--out', tmp_path / 'out', '--seeds', '1', '--systems', 'best')
    rows = json.loads((tmp_path / 'out/results.json').read_text())['rows']
    assert [row['method'] for row in rows] == ['baseline_soft', 'best']


def test_chosen_systems_bring_what_they_and_their_search_start_from():
    from mmnoisy.cli.compare import chosen

    names = systems(['bound_verdicts'], beyond=True)
    assert chosen(['best'], names) == ['baseline_soft', 'best_cleaner', 'best']
    assert chosen(['bound_verdicts_best'], names) == ['baseline_soft', 'bound_verdicts_best']
    for name in names:
        found = chosen([name], names)
        for part in found:
            searched = SYSTEMS[part].tuned_as or part
            assert {SYSTEMS[part].start, SYSTEMS[searched].start} <= {None, *found}


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        (['--systems', 'better'], '--systems better: is no system; systems are baseline'),
        (['--systems', 'bound_verdicts_best'], 'bound_verdicts_best: give --bound-verdicts CSV'),
        (['--systems', 'bound_truth'], 'bound_truth: give --bound-truth CSV'),
        (['--index', 'gone'], 'gone/train'),
        (['--verified', '61'], '--verified 61: there are 60 verified images in'),
        (['--device', 'abacus'], '--device abacus: cannot be used'),
        (['--images', 'gone'], '--images gone: there is no such folder'),
        (['--recipe', 'gone'], 'gone: is no file of recipes'),
        (['--path-template', '{id'], '{id'),
        (['--bound-truth', 'gone.csv'], 'gone.csv'),
    ],
)
def test_wrong_input_ends_in_one_sentence(root, tmp_path, capsys, arguments, complaint):
    with pytest.raises(SystemExit) as end:
        compare(root, '--out', tmp_path / 'out', *arguments)
    assert end.value.code == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith('compare.py: error: ')
    assert complaint in message


@pytest.mark.parametrize('text', ['0', 'many', '3,', '-1'])
def test_numbers_of_verified_images_are_positive(root, tmp_path, capsys, text):
    with pytest.raises(SystemExit) as end:
        compare(root, '--out', tmp_path / 'out', f'--verified={text}')
    assert end.value.code == 2
    assert 'give positive whole numbers such as 100,300,1000' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('recipes', 'complaint'),
    [
        ('{', 'is no file of recipes'),
        ('[]', 'is no file of recipes'),
        ('{"joint": {"steps": 1}}', 'is no file of recipes'),
        (
            '{"better": {"steps": 1, "lr": 1, "bias_lr": 1, "cleaning_lr": 1}}',
            "'better' is no system",
        ),
        (
            '{"joint": {"steps": 1, "lr": -1, "bias_lr": 1, "cleaning_lr": 1}}',
            'lr=-1: give a positive number',
        ),
    ],
)
def test_recipes_that_are_none(root, tmp_path, capsys, recipes, complaint):
    path = tmp_path / 'recipes.json'
    path.write_text(recipes)
    with pytest.raises(SystemExit):
        compare(root, '--out', tmp_path / 'out', '--recipe', path)
    assert complaint in capsys.readouterr().err


def test_the_features_of_another_index_are_refused(root, tmp_path, capsys):
    other = shutil.copytree(root, tmp_path / 'other')
    shutil.rmtree(other / 'index/test')
    make_labels(60, 12, 'test', seed=77).write(other / 'index/test')
    with pytest.raises(SystemExit):
        compare(other, '--out', tmp_path / 'out')
    assert 'extract the features of that index' in capsys.readouterr().err


def test_out_that_is_a_file_is_refused(root, tmp_path, capsys):
    (tmp_path / 'out').write_text('')
    with pytest.raises(SystemExit):
        compare(root, '--out', tmp_path / 'out')
    assert f'--out {tmp_path / "out"}: is no folder' in capsys.readouterr().err
