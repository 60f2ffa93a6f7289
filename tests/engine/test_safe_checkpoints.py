import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.model import BaseModule

from mmnoisy import InputError
from mmnoisy.engine.checkpoints import reading
from mmnoisy.engine.checkpoints.reading import newest_readable


def test_a_message_hub_survives(tmp_path):
    hub = MessageHub.get_instance('test_safe_checkpoints')
    for value in (1.0, 2.0, 6.0):
        hub.update_scalar('loss', value)
        hub.update_info('best', np.float64(value))
    state = dict(message_hub=hub.state_dict(), dtypes=[np.zeros(1, t) for t in 'fdilqB?'])
    torch.save(state, tmp_path / 'checkpoint.pth')
    loaded = torch.load(tmp_path / 'checkpoint.pth', weights_only=True)
    assert loaded['dtypes'][0].dtype == np.float32
    history = loaded['message_hub']['log_scalars']['loss']
    assert isinstance(history, HistoryBuffer)
    assert history.mean() == 3
    assert history.statistics('max') == 6
    assert loaded['message_hub']['runtime_info']['best'] == 6


def test_pretrained_weights_of_mmengines_own_checkpoint(tmp_path):
    hub = MessageHub.get_instance('test_safe_checkpoints_init')
    hub.update_scalar('loss', 1.0)
    weights = dict(weight=torch.ones(2, 3), bias=torch.ones(2))
    path = tmp_path / 'checkpoint.pth'
    torch.save(dict(state_dict=weights, message_hub=hub.state_dict()), path)
    layer = Linear(3, 2, init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    layer.init_weights()
    assert torch.equal(layer.weight, weights['weight'])


class Linear(BaseModule, torch.nn.Linear):
    """A layer that MMEngine initialises."""

    def __init__(self, inputs, outputs, init_cfg):
        torch.nn.Linear.__init__(self, inputs, outputs)
        self.init_cfg, self._is_init = init_cfg, False


class Hostile:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    'attack',
    [
        Hostile(os.system, 'echo hacked'),
        Hostile(getattr, HistoryBuffer, '__init__'),
        Hostile(getattr, dict, 'fromkeys'),
        Hostile(eval, '1'),
    ],
)
def test_code_in_a_checkpoint_is_refused(tmp_path, attack):
    path = tmp_path / 'checkpoint.pth'
    torch.save(dict(state_dict=attack), path)
    with pytest.raises((pickle.UnpicklingError, TypeError)):
        torch.load(path, weights_only=True)


def made_checkpoint(path):
    torch.save(dict(state_dict=dict(weight=torch.arange(5000.0))), path)
    return path


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:10_000])


def test_the_newest_is_the_one_with_the_highest_number(tmp_path):
    assert newest_readable(str(tmp_path)) is None
    made_checkpoint(tmp_path / 'best_AP_all_epoch_12.pth')
    assert newest_readable(str(tmp_path)) is None
    for number in (10, 9, 2):  # as a copy in the order of the names leaves the times
        made_checkpoint(tmp_path / f'iter_{number}.pth')
    assert newest_readable(str(tmp_path)) == str(tmp_path / 'iter_10.pth')


@pytest.mark.parametrize('damage', [flip_a_byte, cut_off])
def test_an_older_one_takes_the_place_of_a_damaged_one(tmp_path, monkeypatch, damage):
    older, newest = (made_checkpoint(tmp_path / f'epoch_{k}.pth') for k in (1, 2))
    damage(newest)
    said = []
    monkeypatch.setattr(reading, 'print_log', lambda text, *_: said.append(text))
    assert newest_readable(str(tmp_path)) == str(older)
    assert said[0].startswith(f'{newest}: cannot be loaded as a checkpoint')
    assert said[1] == f'The run goes on from {older}.'
    damage(older)
    with pytest.raises(InputError, match='none of its 2 checkpoints can be read; remove them'):
        newest_readable(str(tmp_path))
