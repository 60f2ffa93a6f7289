"""``mmnoisy run``: what it prints and what it refuses; projects of pictures."""

import json
import sys

import cv2
import pytest
import torch
from conftest import write_release
from made_project import SHORT, make_project
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from mmnoisy.cli.main import main
from mmnoisy.datasets import FeatureBank
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare

OPTIONS = ['--cfg-options', *(f'{key}={value}' for key, value in SHORT.items())]


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['mmnoisy', 'run', *map(str, arguments)])
    main()


def refused(monkeypatch, capsys, *arguments):
    """The sentence that a command ends with."""
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, *arguments)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    return error.strip().splitlines()[-1]


def test_what_is_printed(tmp_path, monkeypatch, capsys):
    project = make_project(tmp_path)
    given = ['--features', tmp_path / 'features.npy', '--feature-ids', tmp_path / 'ids.txt']
    run(monkeypatch, project, *given, '--method', 'finetune_clean', '--device', 'cpu', *OPTIONS)
    said = capsys.readouterr().out
    for number in range(1, 8):
        assert f'[{number}/7]' in said
    found = json.loads((project / 'choice.json').read_text())
    for text in (found['why'], 'cross-fitted: labels right', 'test: labels right', 'index.html'):
        assert text in said
    assert all(f'Warning: {warning}' in said for warning in found['warnings'])


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['--features', 'x.npy', '--backbone', 'resnet18'], 'takes the place of a backbone'),
        (['--feature-ids', 'x.txt'], '--feature-ids x.txt: is of --features; give both'),
        (['--seed', '-1'], '--seed -1: give a number from 0'),
        (['--device', 'gpu'], '--device gpu: give cpu, cuda or one such as cuda:1'),
        (['--processes', '0'], '--processes 0: give at least 1'),
        (['--image-size', '8'], 'give at least 0 and at least 32'),
        (['--backbone', 'resnet_of_mine'], 'timm has no such network'),
        (['--weights', 'missing.pth'], 'missing.pth: there is no such file'),
        (['--cfg-options', 'x'], '--cfg-options x: is no setting'),
    ],
)
def test_wrong_arguments(tmp_path, monkeypatch, capsys, arguments, sentence):
    project = make_project(tmp_path)
    assert sentence in refused(monkeypatch, capsys, project, *arguments)
    assert not (project / 'runs').exists()


CONFIG = """
data_preprocessor = dict(num_classes=10, mean=[120.0] * 3, std=[60.0] * 3, to_rgb=True)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='MobileNetV2', widen_factor=0.25),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=1280),
)
test_dataloader = dict(
    dataset=dict(
        type='ImageNet',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=32),
            dict(type='PackInputs'),
        ],
    ),
)
"""


def test_a_config_of_mmpretrain(of_pictures, monkeypatch, capsys):
    project, weights = of_pictures
    config = weights.with_name('of_mine.py')
    config.write_text(CONFIG)
    arguments = [project, '--backbone', config, '--method', 'baseline', *OPTIONS]
    assert 'give its checkpoint with --weights' in refused(monkeypatch, capsys, *arguments)
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(config).model).eval()
    torch.save(dict(state_dict=model.state_dict()), weights)
    run(monkeypatch, *arguments, '--weights', weights)
    bank = FeatureBank.open(project / 'features' / 'test')
    picture = project.parent / 'pictures' / 'test' / f'{bank.image_ids[0]}.jpg'
    pixels = cv2.resize(cv2.imread(str(picture)), (32, 32))[:, :, ::-1].astype('f4')
    with torch.no_grad():
        inputs = torch.from_numpy((pixels - 120) / 60).permute(2, 0, 1)[None]
        (wanted,) = model.extract_feat(inputs)
    torch.testing.assert_close(
        torch.from_numpy(bank.features[0].astype('f4')), wanted, rtol=0.02, atol=0.02
    )
    config.write_text('model = dict()')
    said = refused(monkeypatch, capsys, *arguments, '--weights', weights)
    assert 'needs a model with a backbone' in said


@pytest.fixture
def of_pictures(tmp_path):
    """A project of pictures, and weights of a network for them."""
    timm = pytest.importorskip('timm')
    write_release(tmp_path / 'pictures', num_images=12)
    project = tmp_path / 'project'
    prepare(find_release(tmp_path / 'pictures'), project / 'index')
    info = dict(format='mmnoisy project', version=1, pictures=str(tmp_path / 'pictures'))
    info['path_template'] = '{split}/{id}.jpg'
    (project / 'project.json').write_text(json.dumps(info))
    torch.manual_seed(0)
    network = timm.create_model('test_efficientnet')
    torch.save(network.state_dict(), tmp_path / 'weights.pth')
    return project, tmp_path / 'weights.pth'


def test_pictures(of_pictures, monkeypatch, capsys):
    project, weights = of_pictures
    arguments = [project, '--backbone', 'test_efficientnet', '--image-size', 32]
    method = ['--method', 'baseline', *OPTIONS]
    other = weights.with_name('other.pth')
    torch.save({'none': torch.zeros(1)}, other)
    said = refused(monkeypatch, capsys, *arguments, '--weights', other, *method)
    assert 'other.pth: are no weights of test_efficientnet' in said
    run(monkeypatch, *arguments, '--weights', weights, *method)
    assert FeatureBank.open(project / 'features' / 'train').features.shape[0] == 12
    # The config is one of pictures, too.
    features = str(project / 'features')
    command = ['mmnoisy', 'extract_features', str(project / 'config.py'), '--out', features]
    monkeypatch.setattr(sys, 'argv', command)
    main()
    assert 'features/test: 12 images, views: 1' in capsys.readouterr().out
