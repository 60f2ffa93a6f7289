"""What a backbone becomes in the config of a project."""

import os

import pytest

from mmnoisy import InputError
from mmnoisy.config_files import mmpretrain_config
from mmnoisy.datasets.project import Project
from mmnoisy.engine.config import load_config
from mmnoisy.experiments.project_config import config_text, pictures_of, precomputed

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


@pytest.mark.parametrize('pictures', ['/photos', 'pictures', None])
@pytest.mark.parametrize('path', ['config.py', 'model/parts/cleaner.py'])
def test_the_config_finds_pictures_of_a_project_that_was_moved(tmp_path, pictures, path):
    project = Project(tmp_path / 'pets', dict(pictures=pictures))
    path = project.folder / path
    path.parent.mkdir(parents=True)
    path.write_text(config_text(project, precomputed(4), True, 'baseline', {}, path=path))
    project = Project(project.folder.rename(tmp_path / 'moved'), project.info)
    path = tmp_path / 'moved' / path.relative_to(tmp_path / 'pets')
    found = load_config(path).data_root
    wanted = project.pictures and os.path.normpath(project.pictures)
    assert (os.path.normpath(found) if found else None) == wanted


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
