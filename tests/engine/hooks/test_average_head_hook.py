import pytest
import torch
from made_index import make_data_set
from mmengine.config import Config

from mmnoisy import InputError
from mmnoisy.engine.partial_training import train_here
from mmnoisy.engine.sets import resolve


def config_of(folder):
    make_data_set(folder)
    return resolve(Config.fromfile(folder / 'config.py'))


def test_the_head_ends_as_the_mean_of_two(tmp_path):
    cfg = config_of(tmp_path)
    alone = train_here(cfg, tmp_path / 'alone')
    other = {name: torch.randn(value.shape) for name, value in alone.state_dict().items()}
    torch.save({'state_dict': other}, tmp_path / 'other.pth')
    hook = dict(type='AverageHeadHook', checkpoint=str(tmp_path / 'other.pth'))
    cfg.custom_hooks = [*cfg.get('custom_hooks', []), hook]
    averaged = train_here(cfg, tmp_path / 'averaged').state_dict()
    for name, value in alone.state_dict().items():
        expected = (value + other[name]) / 2 if name.startswith('head.') else value
        torch.testing.assert_close(averaged[name], expected)


def test_a_head_of_other_classes_is_refused_before_the_training(tmp_path):
    cfg = config_of(tmp_path)
    torch.save({'head.fc.weight': torch.zeros(3, 8)}, tmp_path / 'other.pth')
    cfg.custom_hooks = [dict(type='AverageHeadHook', checkpoint=str(tmp_path / 'other.pth'))]
    with pytest.raises(InputError, match=r'other\.pth: has no head\.fc\.weight of shape'):
        train_here(cfg, tmp_path / 'averaged')
