"""What a backbone becomes in the config of a project."""

import pytest

from mmnoisy import InputError
from mmnoisy.config_files import mmpretrain_config
from mmnoisy.experiments.project_config import pictures_of

NAME = 'resnet18_8xb32_in1k'


@pytest.mark.parametrize(
    'name', [NAME, f'{NAME}.py', f'resnet/{NAME}.py', f'mmpretrain::resnet/{NAME}.py']
)
def test_a_config_of_mmpretrain_by_its_name(name):
    assert mmpretrain_config(name).name == f'{NAME}.py'
    with pytest.raises(InputError, match=f'--backbone {name}: give its checkpoint with --weights'):
        pictures_of(name, None)
    pictures = pictures_of(name, 'weights.pth')
    assert (pictures.model['backbone']['type'], pictures.width) == ('ResNet', 512)
    assert [step['type'] for step in pictures.resize] == ['ResizeEdge', 'CenterCrop']


def test_a_file_goes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f'{NAME}.py').write_text('model = dict()')
    assert mmpretrain_config(f'{NAME}.py').read_text() == 'model = dict()'


def test_what_is_no_config():
    assert mmpretrain_config('resnet18') is None
    assert mmpretrain_config('hf-hub:timm/resnet18.a1_in1k') is None
    with pytest.raises(InputError, match=r'neither here nor in MMPretrain.*resnet18_8xb32_in1k'):
        mmpretrain_config('resnet18_8xb32_in1.py')


def test_a_network_of_the_hub(monkeypatch):
    timm = pytest.importorskip('timm')
    make = timm.create_model
    monkeypatch.setattr(timm, 'create_model', lambda name, **kwargs: make('test_efficientnet'))
    pictures = pictures_of('hf-hub:me/mine', None)
    assert pictures.model['backbone'] == dict(
        type='TIMMFeatures', model_name='hf-hub:me/mine', pretrained=True
    )
