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


@pytest.mark.parametrize('number', [1, 3])
def test_the_head_ends_as_the_mean_of_all(tmp_path, number):
    cfg = config_of(tmp_path)
    alone = train_here(cfg, tmp_path / 'alone')
    paths, others = [str(tmp_path / f'{k}.pth') for k in range(number)], []
    for path in paths:
        others.append({name: torch.randn(v.shape) for name, v in alone.state_dict().items()})
        torch.save({'state_dict': others[-1]}, path)
    hook = dict(type='AverageHeadHook', checkpoints=paths)
    cfg.custom_hooks = [*cfg.get('custom_hooks', []), hook]
    averaged = train_here(cfg, tmp_path / 'averaged').state_dict()
    for name, value in alone.state_dict().items():
        total = value + sum(other[name] for other in others)
        expected = total / (number + 1) if name.startswith('head.') else value
        torch.testing.assert_close(averaged[name], expected)


def test_a_head_of_other_classes_is_refused_before_the_training(tmp_path):
    cfg = config_of(tmp_path)
    torch.save({'head.fc.weight': torch.zeros(3, 8)}, tmp_path / 'other.pth')
    cfg.custom_hooks = [dict(type='AverageHeadHook', checkpoints=[str(tmp_path / 'other.pth')])]
    with pytest.raises(InputError, match=r'other\.pth: has no head\.fc\.weight of shape'):
        train_here(cfg, tmp_path / 'averaged')
