"""compare.py on a generated data set, and what it says about wrong input."""

import json
import runpy
import shutil
import subprocess
import sys

import pytest
from conftest import REPO
from made_index import make_data_set, make_labels

from mmnoisy.experiments.search import Recipe
from mmnoisy.experiments.systems import SYSTEMS

METHODS = {'baseline', 'finetune_clean', 'joint'}
KEYS = {'method', 'seed', 'verified', 'AP_all', 'MAP', 'num_classes', 'seconds'}


def run_tool(name, *arguments):
    tool = str(REPO / 'tools' / name)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        runpy.run_path(tool, run_name='__main__')


def compare(root, *more):
    folders = ['--index', root / 'index', '--features', root / 'features']
    short = ['train_cfg.min_images=60', 'train_cfg.min_passes=0', 'train_dataloader.batch_size=20']
    recipe = ['--recipe', root / 'recipes.json']
    run_tool('compare.py', *folders, *recipe, *more, '--cfg-options', *short)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    recipes = dict.fromkeys(SYSTEMS, Recipe()._asdict())
    (root / 'recipes.json').write_text(json.dumps(recipes))
    return root


def usual(root, out):
    return [
        root,
        '--out',
        out,
        '--seeds',
        '2',
        '--verified',
        '20',
        '--systems',
        'finetune_clean,joint',
    ]


@pytest.fixture(scope='module')
def out(root):
    compare(*usual(root, root / 'out'))
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
    compare(*usual(root, out))
    assert (out / 'results.json').read_text() == before
    assert {path: path.stat().st_mtime_ns for path in out.glob('runs/*/*')} == trained
    assert (out / 'table2.md').read_text() in capsys.readouterr().out


def test_the_config_of_a_run_tests_its_weights_alike(root, out, tmp_path):
    folder = out / 'runs/joint-v60-s0'
    values = tmp_path / 'metrics.json'
    options = ['--work-dir', tmp_path, '--out', values]
    run_tool('test.py', folder / 'config.py', folder / 'weights.pth', *options)
    rows = json.loads((out / 'results.json').read_text())['rows']
    (row,) = (r for r in rows if (r['method'], r['seed'], r['verified']) == ('joint', 0, 60))
    found = json.loads(values.read_text())
    for key in ('AP_all', 'MAP'):
        assert found[key] == pytest.approx(row[key], abs=1e-6)


def test_the_first_seed_is_what_train_py_makes_of_the_config(root, out, tmp_path):
    """``tools/train.py configs/X_tiny.py --features DIR`` and a comparison give one result."""
    short = ['train_cfg.min_images=60', 'train_cfg.min_passes=0', 'train_dataloader.batch_size=20']
    weights = None
    for name in ('baseline', 'joint'):
        work_dir = tmp_path / name
        start = [f'load_from={weights}'] if weights else []
        options = [f'index={root / "index"}', *short, *start]
        features = ['--features', root / 'features', '--work-dir', work_dir]
        run_tool('train.py', REPO / f'configs/{name}_tiny.py', *features, '--cfg-options', *options)
        (weights,) = work_dir.glob('iter_*.pth')
        values = tmp_path / f'{name}.json'
        run_tool(
            'test.py',
            REPO / f'configs/{name}_tiny.py',
            weights,
            *features,
            '--out',
            values,
            '--cfg-options',
            *options,
        )
        found = json.loads(values.read_text())
        rows = json.loads((out / 'results.json').read_text())['rows']
        row = next(r for r in rows if (r['method'], r['seed'], r['verified']) == (name, 0, 60))
        assert found['AP_all'] == pytest.approx(row['AP_all'], abs=1e-6)
        assert found['MAP'] == pytest.approx(row['MAP'], abs=1e-6)


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        (['--systems', 'better'], '--systems better: is no system; systems are baseline'),
        (['--systems', 'bound_verdicts_best'], 'bound_verdicts_best: give --bound-verdicts CSV'),
        (['--systems', 'bound_truth'], 'bound_truth: give --bound-truth CSV'),
        (['--index', 'gone'], 'gone/train'),
        (['--verified', '61'], '--verified 61: there are 60 verified images; give at most'),
        (['--systems', 'best', '--all'], '--systems, --all: one says only these'),
        (['--path-template', '{id}.jpg'], '--path-template {id}.jpg: is of the pictures below'),
        (['--images', 'gone'], '--images gone: there is no such folder'),
        (['--recipe', 'gone'], 'gone: is no file of recipes'),
        (['--path-template', '{id', '--images', '.'], '{id'),
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


def test_a_bound_that_no_system_learns_from_is_refused(root, tmp_path, capsys):
    path = tmp_path / 'truth.csv'
    path.write_text('ImageID,Source,LabelName,Confidence\n')
    with pytest.raises(SystemExit):
        compare(root, '--out', tmp_path / 'out', '--systems', 'joint', '--bound-truth', path)
    assert '--bound-truth: none of --systems learns from it' in capsys.readouterr().err


def test_a_second_comparison_in_the_folder_is_refused(root, tmp_path, capsys):
    code = 'import sys; from mmnoisy.io.lock import lock; from pathlib import Path\n'
    code += 'with lock(Path(sys.argv[1])): print("locked", flush=True); input()'
    command = [sys.executable, '-c', code, str(tmp_path / 'out')]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        first.stdout.readline()
        with pytest.raises(SystemExit):
            compare(root, '--out', tmp_path / 'out', '--systems', 'baseline')
        first.communicate(b'\n')
    assert 'a run is writing there' in capsys.readouterr().err


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
