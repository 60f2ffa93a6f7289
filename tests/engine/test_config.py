from argparse import ArgumentParser

import pytest
import torch
from mmengine.config import Config, DictAction

from mmnoisy import InputError
from mmnoisy.engine.auto_scale_lr import scale_learning_rates
from mmnoisy.engine.checkpoints.reading import checkpoint_file
from mmnoisy.engine.config import load_config, parse_options
from mmnoisy.engine.runner import build_runner, resume_from


def write(path, text):
    path.write_text(text)
    return path


def test_work_dir_and_loader_defaults(tmp_path):
    config = write(
        tmp_path / 'some.py',
        'train_dataloader = dict(num_workers=2)\nval_dataloader = dict(num_workers=0)\n',
    )
    cfg = load_config(config, cfg_options={'train_dataloader.batch_size': 7})
    assert cfg.work_dir == 'work_dirs/some'
    assert cfg.train_dataloader.batch_size == 7
    assert cfg.train_dataloader.persistent_workers
    assert not cfg.val_dataloader.persistent_workers
    assert load_config(config, 'elsewhere').work_dir == 'elsewhere'


@pytest.mark.parametrize('has_gpu', [True, False])
def test_what_is_on_a_gpu_is_not_pinned(tmp_path, monkeypatch, has_gpu):
    """PyTorch pins what is on the CPU and raises for anything else."""
    monkeypatch.setattr('torch.cuda.is_available', lambda: has_gpu)
    text = """
noisy_set = dict(type='OpenImagesFeatures', features='features/train', device={!r})
verified_set = dict(type='OpenImagesFeatures', features='features/validation')
train_dataloader = dict(dataset=['verified_set', 'noisy_set'])
val_dataloader = dict(dataset='verified_set')
"""
    config = write(tmp_path / 'some.py', text.format('cuda:0'))
    cfg = load_config(config)
    assert not cfg.train_dataloader.pin_memory
    assert cfg.val_dataloader.pin_memory == has_gpu
    with pytest.raises(InputError, match=r"pin_memory=True: its features are on .* 'cuda:0'"):
        load_config(config, cfg_options={'train_dataloader.pin_memory': True})
    for device in ('cpu', None):
        cfg = load_config(write(tmp_path / 'other.py', text.format(device)))
        assert cfg.train_dataloader.pin_memory == has_gpu


def test_missing_configs(tmp_path):
    with pytest.raises(InputError, match=r'nowhere\.py: there is no such config file'):
        load_config(tmp_path / 'nowhere.py')
    heir = write(tmp_path / 'heir.py', "_base_ = 'nowhere.py'\n")
    with pytest.raises(InputError, match=r'nowhere\.py: there is no such config file'):
        load_config(heir)


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        ('model = dict(', r'some\.py: is no config that can be read \('),
        ('model = dict(size=nothing)', "name 'nothing' is not defined"),
        ("custom_imports = dict(imports=['gone_module'])", r"\['gone_module'\] cannot be imported"),
    ],
)
def test_broken_configs(tmp_path, text, complaint):
    with pytest.raises(InputError, match=complaint):
        load_config(write(tmp_path / 'some.py', text))


def test_a_folder_with_a_quote_is_named(tmp_path):
    folder = tmp_path / '24" screens'
    folder.mkdir()
    config = write(folder / 'some.py', 'index = "{{ fileDirname }}/index"\n')
    with pytest.raises(InputError, match='rename its folder, which has a quote'):
        load_config(config)


def test_errors_in_a_module_of_the_user_keep_their_traceback(tmp_path, monkeypatch):
    write(tmp_path / 'wrong_module.py', '1 / 0')
    monkeypatch.syspath_prepend(tmp_path)
    config = write(tmp_path / 'some.py', "custom_imports = dict(imports=['wrong_module'])")
    with pytest.raises(ZeroDivisionError):
        load_config(config)


@pytest.mark.parametrize(
    ('option', 'complaint'),
    [
        ('trian_cfg.max_epochs', "there is no setting 'trian_cfg'; did you mean train_cfg"),
        ('parts.5.size', r'--cfg-options parts\.5\.size: cannot replace what is there'),
    ],
)
def test_options_that_cannot_act(tmp_path, option, complaint):
    config = write(tmp_path / 'some.py', 'train_cfg = dict(max_epochs=1)\nparts = [dict(size=1)]\n')
    with pytest.raises(InputError, match=complaint):
        load_config(config, cfg_options={option: 2})
    assert load_config(config, cfg_options={'train_cfg.max_epochs': 2}).train_cfg.max_epochs == 2
    assert load_config(config, cfg_options={'compile': True}).compile


@pytest.mark.parametrize(
    ('text', 'setting'),
    [
        ("load_from = 'gone.pth'", 'load_from'),
        ("model = dict(init_cfg=[dict(checkpoint='gone.pth')])", 'model.init_cfg.0.checkpoint'),
        ("model = dict(backbone=dict(checkpoint_path='gone.pth'))", 'model.backbone.checkpoint_p'),
    ],
)
def test_missing_checkpoints(tmp_path, text, setting):
    cfg = load_config(write(tmp_path / 'some.py', text))
    with pytest.raises(InputError, match=f'gone.pth: there is no such .* {setting}'):
        build_runner(cfg)


def test_options_are_those_of_mmengine():
    texts = ['a.b=1', 'c=[1,(x,2)]', 'd=1e-3', 'e=x=y', 'f=None', 'g=True']
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    expected = parser.parse_args(['--cfg-options', *texts]).cfg_options
    assert parse_options(texts) == expected
    assert expected['c'] == [1, ('x', 2)]
    assert parse_options(None) == {}
    for text in ('a.b', '=1', ''):
        with pytest.raises(InputError, match=f'--cfg-options {text}: is no setting'):
            parse_options(['a=1', text])


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


def test_a_work_dir_stands_for_its_newest_checkpoint(tmp_path):
    with pytest.raises(InputError, match='holds no checkpoint; train it first'):
        checkpoint_file(str(tmp_path))
    for number in (9, 10):
        torch.save(dict(state_dict={}), tmp_path / f'iter_{number}.pth')
    assert checkpoint_file(str(tmp_path)) == str(tmp_path / 'iter_10.pth')
    assert checkpoint_file('some.pth') == 'some.pth'
    (tmp_path / 'empty').mkdir()
    text = f"load_from = '{tmp_path / 'empty'}'"  # training must not begin from nothing
    with pytest.raises(InputError, match='empty: holds no checkpoint'):
        build_runner(load_config(write(tmp_path / 'some.py', text)))
