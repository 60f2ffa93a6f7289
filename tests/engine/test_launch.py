from argparse import Namespace

import pytest
import torch
from mmengine.config import Config

from mmnoisy import InputError
from mmnoisy.engine.launch import (
    build_runner,
    load_config,
    resume_from,
    scale_learning_rates,
    user_errors,
)


def arguments(config, **kwargs):
    defaults = dict(work_dir=None, cfg_options=None, launcher='none', local_rank=0)
    return Namespace(config=str(config), **{**defaults, **kwargs})


def write(path, text):
    path.write_text(text)
    return path


def test_work_dir_and_loader_defaults(tmp_path):
    config = write(
        tmp_path / 'some.py',
        'train_dataloader = dict(num_workers=2)\nval_dataloader = dict(num_workers=0)\n',
    )
    cfg = load_config(arguments(config, cfg_options={'train_dataloader.batch_size': 7}))
    assert cfg.work_dir == 'work_dirs/some'
    assert cfg.train_dataloader.batch_size == 7
    assert cfg.train_dataloader.persistent_workers
    assert not cfg.val_dataloader.persistent_workers
    assert load_config(arguments(config, work_dir='elsewhere')).work_dir == 'elsewhere'


def test_missing_configs(tmp_path):
    with pytest.raises(InputError, match=r'nowhere\.py: there is no such config file'):
        load_config(arguments(tmp_path / 'nowhere.py'))
    heir = write(tmp_path / 'heir.py', "_base_ = 'nowhere.py'\n")
    with pytest.raises(InputError, match=r'nowhere\.py: there is no such config file'):
        load_config(arguments(heir))


@pytest.mark.parametrize(
    ('text', 'setting'),
    [
        ("load_from = 'gone.pth'", 'load_from'),
        ("model = dict(init_cfg=[dict(checkpoint='gone.pth')])", 'model.init_cfg.0.checkpoint'),
        ("model = dict(backbone=dict(checkpoint_path='gone.pth'))", 'model.backbone.checkpoint_p'),
    ],
)
def test_missing_checkpoints(tmp_path, text, setting):
    cfg = load_config(arguments(write(tmp_path / 'some.py', text)))
    with pytest.raises(InputError, match=f'gone.pth: there is no such .* {setting}'):
        build_runner(cfg)


def test_resume(tmp_path):
    cfg = Config(dict(work_dir=str(tmp_path), load_from='baseline.pth', resume=False))
    resume_from(cfg, 'auto')
    assert (cfg.load_from, cfg.resume) == ('baseline.pth', False)
    torch.save(dict(state_dict={}), tmp_path / 'epoch_3.pth')
    resume_from(cfg, 'auto')
    assert (cfg.load_from, cfg.resume) == (str(tmp_path / 'epoch_3.pth'), True)
    torch.save(dict(state_dict={}), tmp_path / 'epoch_1.pth')
    resume_from(cfg, str(tmp_path / 'epoch_1.pth'))
    assert (cfg.load_from, cfg.resume) == (str(tmp_path / 'epoch_1.pth'), True)
    (tmp_path / 'epoch_1.pth').write_bytes(b'')
    with pytest.raises(InputError, match=r'epoch_1.pth: cannot be loaded as a checkpoint'):
        resume_from(cfg, str(tmp_path / 'epoch_1.pth'))


def test_scaled_learning_rates_need_a_base():
    cfg = Config(dict(auto_scale_lr=dict(enable=False, base_batch_size=32)))
    scale_learning_rates(cfg)
    assert cfg.auto_scale_lr == dict(enable=True, base_batch_size=32)
    with pytest.raises(InputError, match='--auto-scale-lr: the config does not say for how many'):
        scale_learning_rates(Config(dict()))


def test_user_errors_are_one_line(capsys, monkeypatch):
    monkeypatch.setattr('sys.argv', ['tools/train.py'])

    @user_errors
    def main():
        raise InputError('Caught in worker 0.\nTraceback\nmmnoisy.errors.InputError: a: b; c')

    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert capsys.readouterr().err == 'train.py: error: a: b; c\n'


def test_other_errors_keep_their_traceback():
    @user_errors
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        main()
