import pytest
import torch
from mmpretrain.registry import MODELS
from test_classifier import build
from torch import nn

from mmnoisy import InputError
from mmnoisy.models.old_names import rename_old_keys


def test_old_types_and_settings_say_their_new_names():
    for old, new in (('GivenFeatures', 'PrecomputedFeatures'), ('CorrespondenceHead', 'ClassMapH')):
        with pytest.raises(InputError, match=f"type='{old}': is now called '{new}"):
            MODELS.build(dict(type=f'mmpretrain.{old}', anything=1))
    for kind, old in (
        ('LargeLoss', 'epoch_length'),
        ('LargeLoss', 'suspects'),
        ('SPLCLoss', 'start'),
    ):
        with pytest.raises(InputError, match=f'{kind}.{old}=1: is now called'):
            MODELS.build({'type': f'mmpretrain.{kind}', old: 1})
    with pytest.raises(InputError, match='is now called class_map'):
        MODELS.build(dict(type='mmpretrain.LabelCleaningHead', correspondence='pairs.csv'))


def test_an_earlier_checkpoint_loads_by_its_old_names():
    model = build(cleaning=False, unannotated='teacher')
    nn.init.normal_(model.teacher_head.fc.weight)
    old = {key.replace('teacher_head', 'former_head'): v for key, v in model.state_dict().items()}
    other = build(cleaning=False, unannotated='teacher')
    other.load_state_dict(old)
    assert torch.equal(other.teacher_head.fc.weight, model.teacher_head.fc.weight)
    with pytest.warns(UserWarning, match='the schedule of the loss begins anew'):
        other.load_state_dict({**old, 'head.loss_module.batches': torch.tensor(7)})


def test_class_maps_of_earlier_checkpoints():
    state = {'module.cleaning_head.correspondence.noisy_id': 1, 'correspondence.noisy_id': 2}
    rename_old_keys(state, 'module.')
    assert state == {'module.cleaning_head.class_map.noisy_id': 1, 'correspondence.noisy_id': 2}
