import json
import runpy
import sys

import cv2
import numpy as np
import pytest
from conftest import REPO
from made_index import make_data_set

from mmnoisy.experiments.planning import Assumptions

NEEDS = ('bytes', 'labels', 'images', 'price')  # of the assumptions; the others are rates


@pytest.fixture
def run(monkeypatch, capsys):
    """The tool in this process: importing PyTorch anew for every test takes seconds."""

    def call(*arguments, status=0):
        monkeypatch.syspath_prepend(REPO / 'tools')
        monkeypatch.setattr(sys, 'argv', ['benchmark.py', *map(str, arguments)])
        try:
            runpy.run_path(str(REPO / 'tools/benchmark.py'), run_name='__main__')
            assert status == 0
        except SystemExit as end:
            assert end.code == status
        return capsys.readouterr()

    return call


def check(result, name, goal):
    assert result['name'] == name
    assert result['goal'] == goal
    assert result['ratio'] == pytest.approx(result['ours'] / result['alternative'])
    assert result['holds'] == (result['ratio'] <= goal)


def test_pictures_of_its_own(tmp_path, run):
    out = tmp_path / 'results/pictures.json'
    done = run('pictures', '--images', '2', '--repeats', '1', '--out', out)
    result = json.loads(done.out.splitlines()[-1])
    check(result, 'pictures', 0.5)
    assert 20 < result['shrunk_kb'] < result['full_kb'] / 3
    assert 150 < result['full_kb'] < 300
    assert result['shrunk_ours_per_second'] == pytest.approx(1 / result['ours'])
    assert result['full_mmpretrain_per_second'] == pytest.approx(1 / result['alternative'])
    assert 25 < result['psnr_of_crops'] < 100
    assert json.loads(out.read_text()) == result
    assert [path.name for path in out.parent.iterdir()] == ['pictures.json']


def test_pictures_of_a_folder(tmp_path, run):
    for k in range(3):
        cv2.imwrite(f'{tmp_path}/{k}.jpg', np.full((40, 50, 3), 90, np.uint8))
    options = ['--pictures', tmp_path, '--repeats', '2', '--backend', 'pillow']
    result = json.loads(run('pictures', *options).out.splitlines()[-1])
    check(result, 'pictures', 0.5)
    assert result['images'] == 3
    assert result['mmpretrain_resize'] == 'pillow'
    assert result['shrunk_kb'] == result['full_kb']  # none is larger than what is needed
    assert result['psnr_of_whole_pictures'] == result['psnr_of_crops'] > 300  # the same


@pytest.mark.parametrize(
    ('options', 'complaint'),
    [
        (['--pictures', 'gone'], 'gone: holds no *.jpg; name a folder that does'),
        (['--repeats', '0'], '--repeats 0: give a number of at least 1'),
    ],
)
def test_wrong_input_ends_in_one_sentence(run, options, complaint):
    done = run('pictures', *options, status=2)
    assert done.err == f'benchmark.py: error: {complaint}\n'


def test_plan(run):
    done = run('plan', '--pictures', '3e6', '--runs', '2', '--set', 'cores=100')
    check(json.loads(done.out.splitlines()[-1]), 'plan', 1.01)
    assert '| 3 M | shrink | 1 | 0.2 | 0.2 | 696 GB | 144 GB | 3 M | 3 M |' in done.out
    assert 'a node a day: a failure in 24 h. The best interval is 8.5 minutes' in done.out


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        ('core=9', "--set core=9: there is no 'core'; did you mean cores?"),
        ('cores=0', '--set cores=0: is not from 1e-09 to 1e+18; give a number such as cores=2'),
        ('cores', '--set cores: is not from 1e-09'),
        ('network=1e-300', '--set network=1e-300: is not from 1e-09'),
        ('network=inf', '--set network=inf: is not from 1e-09'),
        ('price=-1', '--set price=-1: is not 0 or from 1e-09 to 1e+18'),
    ],
)
def test_plan_with_wrong_input(run, text, complaint):
    assert complaint in run('plan', '--set', text, status=2).err


@pytest.mark.parametrize('pictures', ['0', '-5', 'nan', 'inf', '1e+300'])
def test_plan_of_no_pictures(run, pictures):
    complaint = f'--pictures {pictures}: give a number from 1 to 1e+18'
    assert complaint in run('plan', '--pictures', pictures, status=2).err


@pytest.mark.parametrize(('rates', 'others'), [('1e-9', '1e18'), ('1e18', '1e-9')])
def test_plan_does_not_overflow(run, rates, others):
    pushed = [f'{name}={others if name.endswith(NEEDS) else rates}' for name in Assumptions._fields]
    for pictures in ('1', '1e18'):
        done = run('plan', '--pictures', pictures, '--runs', '2', '--set', *pushed)
        assert 'inf' not in done.out.split('a node a day')[0] and 'nan' not in done.out


def test_machines_of_ones_own_may_be_free(run):
    free = ('gpus=0', 'price=0', 'get_price=0', 'put_price=0')
    done = run('plan', '--pictures', '3e6', '--runs', '2', '--set', *free)
    assert '| 3 M | 3 M | $0 |' in done.out


@pytest.mark.slow  # a process for each measurement, a minute in all
def test_index(run):
    pytest.importorskip('polars')
    pytest.importorskip('duckdb')
    options = ['--share', '0.0002', '--repeats', '1', '--others', '50']
    result = json.loads(run('index', *options).out.splitlines()[-1])
    check(result, 'index', 1.25)
    assert result['alternative'] == min(result['polars_seconds'], result['duckdb_seconds'])
    assert result['images'] == 1802
    assert 8.5 < result['rows'] / result['images'] < 9.1
    assert result['multi_label_images'] == 50
    assert 0 < result['labels_of_a_sample_us'] < result['sample_us']


def test_index_with_wrong_input(run):
    done = run('index', '--share', '2', status=2)
    assert '--share 2.0 ' in done.err
    assert 'give a share in (0, 1]' in done.err


def test_metric(run):
    options = ['--images', '90', '--pairs', '700', '--classes', '11', '--repeats', '1']
    result = json.loads(run('metric', *options).out.splitlines()[-1])
    check(result, 'metric', 0.2)
    assert (result['images'], result['pairs'], result['classes']) == (90, 700, 11)
    assert result['largest_difference'] < 1e-9
    assert 700 * 9e-6 < result['ours_peak_mb'] < 1  # the pairs alone, in bytes
    assert min(result['dense_ours'], result['dense_mmpretrain']) > 0


@pytest.mark.parametrize(
    ('option', 'complaint'),
    [
        (['--pairs', '0'], '--pairs 0: give a number of at least 1'),
        (
            ['--pairs', '100', '--images', '10', '--classes', '9'],
            '--pairs 100: give at most images times classes, 90',
        ),
    ],
)
def test_metric_with_wrong_input(run, option, complaint):
    assert complaint in run('metric', *option, status=2).err


def test_heads(run):
    options = ['--dim', '9', '--classes', '30', '--images', '400', '--batch-size', '20']
    done = run('heads', *options, '--steps', '30', '--repeats', '1')
    result = json.loads(done.out.splitlines()[-1])
    check(result, 'heads', 1.15)
    assert result['largest_difference'] < 1e-5  # both are the same mathematics
    assert result['samples_per_second'] == pytest.approx(30 * 20 / result['ours'])
    assert result['hours_of_the_paper'] == pytest.approx(
        128e6 / result['samples_per_second'] / 3600
    )


@pytest.mark.parametrize(
    ('option', 'complaint'),
    [
        (['--classes', '7'], '--classes 7: give a number of at least 8'),
        (['--batch-size', '0'], '--batch-size 0: give a number of at least 1'),
    ],
)
def test_heads_with_wrong_input(run, option, complaint):
    assert complaint in run('heads', *option, status=2).err


def test_step(run):
    options = ['--size', '75', '--classes', '20', '--batch-size', '10', '--repeats', '1']
    result = json.loads(run('step', *options, '--device', 'cpu').out.splitlines()[-1])
    check(result, 'step', 1.05)
    assert result['memory_ratio'] == pytest.approx(
        result['ours_peak_mb'] / result['alternative_peak_mb']
    )
    assert '--size 74: give a number of at least 75' in run('step', '--size', '74', status=2).err


def test_cleaner(run):
    options = ['--classes', '40', '20', '--dim', '9', '--labels', '3', '--batch-size', '20']
    done = run('cleaner', *options, '--repeats', '1', '--device', 'cpu')
    result = json.loads(done.out.splitlines()[-1])
    check(result, 'cleaner', 1.5)
    ours = ['bilinear', 'gated', 'attention', 'logit']
    dearest = max(ours, key=lambda name: result[f'{name}_40_to_concat'])
    assert result['dearest'] == dearest
    assert result['ratio'] == pytest.approx(result[f'{dearest}_40_to_concat'])
    for name in (*ours, 'plain', 'concat', 'dense'):
        expected = result[f'{name}_20'] * 2 ** result[f'{name}_growth']
        assert result[f'{name}_40'] == pytest.approx(expected)
    assert result['largest_growth'] == max(result[f'{name}_growth'] for name in (*ours, 'concat'))


@pytest.mark.slow
def test_memory_of_the_cleaner(run):
    options = ['--classes', '10', '2000', '--dim', '500', '--batch-size', '2', '--labels', '3']
    done = run('cleaner', *options, '--repeats', '1', '--device', 'cpu', '--memory')
    result = json.loads(done.out.splitlines()[-1])
    weights = dict(plain=500 * 2000, logit=2 * 500 * 2000, dense=2000 * (2000 + 500))
    for name, number in weights.items():  # at least these, their gradients and both moments
        assert result[f'{name}_peak_mb'] > 4 * 4 * number / 1e6


@pytest.mark.parametrize(
    ('option', 'complaint'),
    [
        (['--labels', '0'], '--labels 0: give a number of at least 1'),
        (['--classes', '90'], '--classes 90: give two or more numbers, of at least 8 (--labels)'),
        (['--classes', '7', '90'], '--classes 7 90: give two or more numbers, of at least 8'),
    ],
)
def test_cleaner_with_wrong_input(run, option, complaint):
    assert complaint in run('cleaner', *option, status=2).err


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return root


def test_worlds(made, tmp_path, run):
    short = ['train_cfg.min_images=60', 'train_cfg.min_passes=0', 'train_dataloader.batch_size=20']
    options = ['--data', f'made={made}/index:{made}/features', '--folder', tmp_path]
    options += ['--systems', 'baseline,finetune_clean,auto', '--cfg-options', *short]
    assert 'there is no baseline; the same' in run('worlds', *options, '--auto-only', status=2).err
    done = run('worlds', *options)
    result = json.loads(done.out.splitlines()[-1])
    assert (result['name'], result['worlds'], result['goal']) == ('worlds', 1, 0.3)
    assert result['ours'] == max(result['auto_AP_all'], result['auto_MAP'])
    row = result['alternative_row']
    assert result['alternative'] == max(result[f'{row}_AP_all'], result[f'{row}_MAP'])
    assert (tmp_path / 'worlds.md').read_text() in done.out
    (world,) = json.loads((tmp_path / 'worlds.json').read_text()).values()
    assert world['images'] == dict(train=300, validation=60, test=60, classes=12)
    assert {*world['rows']} == {'baseline', 'finetune_clean', 'auto'}
    assert len((tmp_path / 'worlds.csv').read_text().splitlines()) == 4

    trained = {path: path.stat().st_mtime_ns for path in tmp_path.glob('runs/*/runs/*/*')}
    again = json.loads(run('worlds', *options).out.splitlines()[-1])
    assert again == result and len(trained) > 9
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob('runs/*/runs/*/*')} == trained

    # To try a rule: the runs of the other rows stay, whatever code has made them.
    for made_by in tmp_path.glob('runs/made/runs/*/made_by.json'):
        made_by.write_text(json.dumps({**json.loads(made_by.read_text()), 'code': 'older'}))
    assert 'was made by other code' in run('worlds', *options, status=2).err
    assert json.loads(run('worlds', *options, '--auto-only').out.splitlines()[-1]) == result
    codes = {
        path.parent.name: json.loads(path.read_text())['code']
        for path in tmp_path.glob('runs/made/runs/*/made_by.json')
    }
    assert codes.pop('auto-v60-s0') != 'older' and {*codes.values()} == {'older'}


@pytest.mark.parametrize(
    ('options', 'complaint'),
    [
        (['--data', 'made'], "'made': give NAME=INDEX:FEATURES"),
        (['--data', '../made=a:b'], 'give NAME=INDEX:FEATURES'),
        (['--data', 'made=gone:gone'], 'gone/train'),
        (['--data', 'made=a:b', '--worlds', 'upper-2O'], '--worlds upper-2O: is none'),
        (['--data', 'made=a:b', '--worlds', 'upper-20'], 'give --data tiny=INDEX:FEATURES'),
        (['--data', 'made=a:b', '--systems', 'auto'], '--systems auto: is compared with others'),
        (['--data', 'made=a:b', '--seeds', '0'], '--seeds 0: give a number of at least 1'),
    ],
)
def test_worlds_with_wrong_input(run, tmp_path, options, complaint):
    assert complaint in run('worlds', *options, '--folder', tmp_path, status=2).err
