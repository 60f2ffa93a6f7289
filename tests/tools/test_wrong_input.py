"""What every tool does with checkpoints, folders and settings that cannot be used."""

import re

import pytest
import torch
from locked import holder
from made_index import make_data_set
from small_classifier import refused, run

from mmnoisy.engine.checkpoints.reading import read_checkpoint

TRAIN = ['--cfg-options', 'train_cfg.max_epochs=1', 'default_hooks.checkpoint.interval=-1']


@pytest.fixture
def made(tmp_path):
    """A data set, a config and a checkpoint of it."""
    make_data_set(tmp_path / 'made')
    return tmp_path / 'made'


@pytest.fixture
def broken(made):
    """The checkpoint, cut off."""
    path = made / 'cut.pth'
    path.write_bytes((made / 'model.pth').read_bytes()[:2000])
    return path


def save(path, **weights):
    torch.save(dict(state_dict=weights), path)
    return path


def test_a_head_that_was_never_loaded_is_not_tested(made, tmp_path, capsys):
    state = read_checkpoint(made / 'model.pth')['state_dict']
    del state['head.fc.bias']
    part = save(made / 'part.pth', **state)
    work_dir = ['--work-dir', tmp_path / 'w']
    told = refused(capsys, 'test.py', made / 'config.py', part, *work_dir)
    assert 'part.pth: lacks head.fc.bias of the model; give the config' in told
    # What testing does without may be missing.
    predicts = {key: value for key, value in state.items() if key.startswith('head.')}
    predicts['head.fc.bias'] = torch.zeros(12)
    run('test.py', made / 'config.py', save(made / 'h.pth', **predicts), *work_dir)


def test_checkpoints_that_cannot_be_read(made, broken, tmp_path, capsys):
    config, work_dir = made / 'config.py', ['--work-dir', tmp_path / 'w']
    foreign = made / 'foreign.pth'
    foreign.write_bytes(b'something else')
    for path in (broken, foreign):
        told = f'{path.name}: cannot be loaded as a checkpoint ('
        assert told in refused(capsys, 'test.py', config, path, *work_dir)
        load_from = ['--cfg-options', f'load_from={path}']
        assert told in refused(capsys, 'train.py', config, *work_dir, *load_from)
        assert told in refused(capsys, 'train.py', config, *work_dir, '--resume', path)


def test_training_says_which_weights_begin_anew(made, tmp_path, capsys):
    config, work_dir = made / 'config.py', ['--work-dir', tmp_path / 'w']
    other = save(made / 'other.pth', **{'stem.weight': torch.zeros(3)})
    told = refused(capsys, 'train.py', config, *work_dir, *TRAIN, f'load_from={other}')
    assert re.search(r'other.pth: holds none of the \d+ weights of the model', told)
    state = read_checkpoint(made / 'model.pth')['state_dict']
    head = {key: value for key, value in state.items() if key.startswith('head.')}
    # Of two runs in one second MMEngine lets the later one log where the earlier one did.
    begin = [f'load_from={save(made / "head.pth", **head)}', 'experiment_name=head']
    run('train.py', config, *work_dir, *TRAIN, *begin)
    log = capsys.readouterr().out
    assert f'head.pth: gives {len(head)} of {len(state)} weights; the others begin anew' in log


@pytest.mark.parametrize(
    'command',
    [
        ['train.py', 'CONFIG', '--work-dir', 'PLACE'],
        ['test.py', 'CONFIG', 'MODEL', '--work-dir', 'PLACE'],
        ['test.py', 'CONFIG', 'MODEL', '--work-dir', 'ELSEWHERE', '--out', 'PLACE/m.json'],
        ['predict.py', 'CONFIG', 'MODEL', 'FILE', '--out', 'PLACE/labels.csv'],
        ['export_onnx.py', 'CONFIG', 'MODEL', '--out', 'PLACE/x.onnx'],
        ['clean_labels.py', 'CONFIG', 'MODEL', '--out', 'PLACE'],
        ['review_queue.py', 'CONFIG', 'MODEL', '--out', 'PLACE'],
        ['export_labels.py', 'INDEX', '--format', 'coco', '--out', 'PLACE'],
        ['dataset_stats.py', 'INDEX', '--out', 'PLACE'],
        ['compare.py', '--index', 'INDEX', '--features', 'INDEX', '--out', 'PLACE'],
    ],
    ids=lambda command: f'{command[0]} {command[-2]}',
)
def test_places_below_a_file(made, tmp_path, capsys, command):
    (tmp_path / 'file').write_text('')
    places = dict(
        CONFIG=made / 'config.py',
        MODEL=made / 'model.pth',
        INDEX=made / 'index/validation',
        FILE=tmp_path / 'file',
        ELSEWHERE=tmp_path / 'w',
    )
    words = [places.get(word, word) for word in command]
    words = [str(word).replace('PLACE', str(tmp_path / 'file/below')) for word in words]
    told = refused(capsys, *words)
    assert f'{tmp_path}/file' in told
    assert 'Not a directory' in told or 'File exists' in told


def test_settings_that_nothing_takes(made, tmp_path, capsys):
    train = ['train.py', made / 'config.py', '--work-dir', tmp_path / 'w', '--cfg-options']
    told = refused(capsys, *train, 'model.head.nm_classes=3')
    assert "takes no setting 'nm_classes'; did you mean num_classes" in told
    told = refused(capsys, *train, 'train_cfg.max_epoch=3')
    assert "takes no setting 'max_epoch'" in told
    told = refused(capsys, *train, 'model.head.type=MultiLabelLinearClsHaed')
    assert "type='MultiLabelLinearClsHaed': there is none among the models" in told
    told = refused(capsys, *train, 'optimizer.lr=1')
    assert "--cfg-options optimizer.lr: there is no setting 'optimizer'; did you mean opt" in told


def test_a_second_run_in_one_folder_is_refused(made, tmp_path, capsys):
    config, model, out = made / 'config.py', made / 'model.pth', tmp_path / 'w'
    with holder(out) as first:
        for command in (
            ['train.py', config, '--work-dir', out],
            ['clean_labels.py', config, model, '--out', out],
            ['review_queue.py', config, model, '--out', out],
            [
                'compare.py',
                '--index',
                made / 'index',
                '--features',
                made / 'features',
                '--out',
                out,
            ],
        ):
            assert f'w: a run is writing there (process {first.pid}' in refused(capsys, *command)
        first.communicate('end')
    out.rmdir()  # which compare.py has made
    run('clean_labels.py', config, model, '--out', out)


@pytest.mark.parametrize('tool', ['calibrate.py', 'review_queue.py'])
def test_one_verified_image(tmp_path, capsys, tool):
    make_data_set(tmp_path / 'made', sizes=(30, 1, 30))
    options = ['--out', tmp_path / 'out'] if tool == 'review_queue.py' else []
    files = tmp_path / 'made/config.py', tmp_path / 'made/model.pth'
    told = refused(capsys, tool, *files, *options)
    assert '--folds 5: V has too few images for that, 1; verify more, since two are the' in told
