"""The tools as a user runs them, in processes of their own, on the demo."""

import json
import runpy
import shutil
import subprocess
import sys

import pytest
import torch
from conftest import REPO, script_environment, write_release

from mmnoisy.engine.checkpoints.reading import read_checkpoint

SHORT = [
    'train_cfg.max_epochs=2',
    'train_cfg.val_interval=2',
    'param_scheduler.end=2',
    'noisy_set.indices=300',
    'test_set.indices=100',
]


@pytest.fixture(scope='module')
def workspace(tmp_path_factory, demo_root):
    """A folder with the configs and the demo, as in a clone."""
    root = tmp_path_factory.mktemp('clone')
    (root / 'configs').symlink_to(REPO / 'configs')
    (root / 'data').mkdir()
    (root / 'data/digits').symlink_to(demo_root)
    return root


def run(workspace, *command, status=0):
    if command[0].endswith('.py'):
        command = (sys.executable, REPO / 'tools' / command[0], *command[1:])
    else:
        command = ('bash', REPO / 'tools' / command[0], *command[1:])
    result = subprocess.run(
        command,
        cwd=workspace,
        capture_output=True,
        text=True,
        env=script_environment(),
        timeout=300,
    )
    assert result.returncode == status, result.stdout[-2000:] + result.stderr[-2000:]
    return result


@pytest.fixture(scope='module')
def trained(workspace):
    return run(workspace, 'train.py', 'configs/joint_demo.py', '--cfg-options', *SHORT)


def test_training_prints_the_metrics_and_no_warning_of_ours(trained):
    assert 'AP_all: ' in trained.stdout
    assert 'MAP: ' in trained.stdout
    assert 'MAP_digit: ' in trained.stdout
    assert 'Warning' not in trained.stderr
    ours = [line for line in trained.stdout.splitlines() if 'WARNING' in line]
    # MMEngine's checkpoint hook warns of its own file client.
    assert all('Backend' in line or 'FileClient' in line for line in ours)


def test_testing_repeats_the_metrics_of_training(workspace, trained):
    checkpoint = 'work_dirs/joint_demo/epoch_2.pth'
    options = ['--out', 'out/metrics.json', '--cfg-options', *SHORT]
    run(workspace, 'test.py', 'configs/joint_demo.py', checkpoint, *options)
    metrics = json.loads((workspace / 'out/metrics.json').read_text())
    assert f'AP_all: {metrics["AP_all"]:.4f}' in trained.stdout
    assert metrics['num_classes'] == 19
    assert [path.name for path in (workspace / 'out').iterdir()] == ['metrics.json']


def test_resuming_goes_on_from_the_last_checkpoint(workspace, trained):
    shutil.copytree(workspace / 'work_dirs/joint_demo', workspace / 'longer')
    options = [option.replace('=2', '=3') for option in SHORT]
    options = ['--work-dir', 'longer', '--resume', '--cfg-options', *options]
    result = run(workspace, 'train.py', 'configs/joint_demo.py', *options)
    assert 'Epoch(train) [3]' in result.stdout
    assert 'Epoch(train) [2]' not in result.stdout
    state = read_checkpoint(workspace / 'longer/epoch_3.pth')
    assert state['meta']['epoch'] == 3


def test_two_processes_without_a_gpu(workspace, trained):
    options = ['--work-dir', 'two', '--cfg-options', *SHORT]
    result = run(workspace, 'dist_train.sh', 'configs/joint_demo.py', '2', *options)
    assert 'AP_all: ' in result.stdout
    checkpoint = read_checkpoint(workspace / 'two/epoch_2.pth')
    assert not any(key.startswith('module.') for key in checkpoint['state_dict'])
    one, two = (workspace / name / 'metrics.json' for name in ('one_process', 'two_processes'))
    options = ['--cfg-options', *SHORT]
    run(workspace, 'test.py', 'configs/joint_demo.py', 'two/epoch_2.pth', '--out', one, *options)
    arguments = ['configs/joint_demo.py', 'two/epoch_2.pth', '2', '--out', two, *options]
    run(workspace, 'dist_test.sh', *arguments)
    assert json.loads(one.read_text()) == pytest.approx(json.loads(two.read_text()), abs=1e-3)


def test_preparing_prints_what_became_of_every_row(tmp_path):
    write_release(tmp_path / 'release', pictures=False)
    result = run(tmp_path, 'prepare_openimages.py', 'release')
    assert 'train: 8 images' in result.stdout
    assert (tmp_path / 'release/index/test/index.json').exists()


@pytest.mark.parametrize(
    ('command', 'complaint'),
    [
        (['train.py', 'configs/gone.py'], 'configs/gone.py: there is no such config file'),
        (
            ['train.py', 'configs/joint_openimages.py'],
            'work_dirs/baseline_openimages: there is no such che',
        ),
        (['train.py', 'configs/baseline_openimages.py'], 'there is no label index here; build'),
        (['train.py', 'configs/joint_demo.py', '--amp'], '--amp: float16 needs a GPU'),
        (['test.py', 'configs/joint_demo.py', 'gone.pth'], 'gone.pth: there is no such checkpoi'),
        (['prepare_openimages.py', 'gone'], 'gone: there is no such folder'),
        (
            ['train.py', 'configs/joint_demo.py', '--cfg-options', 'model.head.num_classes=7'],
            'model.head.num_classes=7: the class list of the dataset has 19 classes',
        ),
        (
            [
                'train.py',
                'configs/joint_demo.py',
                '--cfg-options',
                'train_dataloader.sampler.source_ratio=[9,0]',
            ],
            'source_ratio=[9, 0]: is no list of positive whole numbers',
        ),
    ],
)
def test_wrong_input_ends_in_one_sentence(workspace, command, complaint):
    if torch.cuda.is_available() and '--amp' in command:
        pytest.skip('there is a GPU')
    result = run(workspace, *command, status=2)
    (line,) = [line for line in result.stderr.splitlines() if 'error' in line]
    assert complaint in line
    assert 'Traceback' not in result.stderr


def test_a_checkpoint_of_other_classes_is_refused(workspace, trained):
    path = workspace / 'work_dirs/joint_demo/epoch_2.pth'
    state = read_checkpoint(path)
    classes = list(state['meta']['dataset_meta']['classes'])
    state['meta']['dataset_meta']['classes'] = tuple(classes[::-1])
    torch.save(state, workspace / 'reversed.pth')
    result = run(workspace, 'test.py', 'configs/joint_demo.py', 'reversed.pth', status=2)
    assert 'reversed.pth: the checkpoint was trained with the same classes in another' in (
        result.stderr
    )


@pytest.mark.parametrize('script', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh'])
def test_scripts_say_how_they_are_used(tmp_path, script):
    assert 'usage: ' in run(tmp_path, script, status=2).stderr


@pytest.mark.parametrize('tool', sorted(path.name for path in (REPO / 'tools').glob('*.py')))
def test_help_has_an_example(tool, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', [tool, '--help'])
    monkeypatch.syspath_prepend(REPO / 'tools')
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(REPO / 'tools' / tool), run_name='__main__')
    assert ended.value.code == 0
    assert f'python tools/{tool} ' in capsys.readouterr().out
