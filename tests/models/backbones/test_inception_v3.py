import pytest
import torch
import torchvision
from mmpretrain.models.backbones import InceptionV3
from mmpretrain.registry import MODELS


def build(**kwargs):
    return MODELS.build(dict(type='mmpretrain.InceptionV3Features', **kwargs))


@pytest.fixture(scope='module')
def torchvision_model():
    torch.manual_seed(0)
    model = torchvision.models.inception_v3(
        weights=None, aux_logits=True, init_weights=False, transform_input=False
    )
    for name, buffer in model.named_buffers():
        if name.endswith('running_mean'):
            buffer.normal_(std=0.1)
    return model.eval()


@pytest.mark.parametrize('auxiliary', [False, True])
def test_weights_of_torchvision_give_its_features(tmp_path, caplog, torchvision_model, auxiliary):
    path = tmp_path / 'inception_v3.pth'
    torch.save(torchvision_model.state_dict(), path)
    backbone = build(auxiliary=auxiliary, init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    backbone.init_weights()
    backbone.eval()
    pictures = torch.randn(2, 3, 299, 299)
    torchvision_model.fc = torch.nn.Identity()
    with torch.no_grad():
        (features,) = backbone(pictures)
        torch.testing.assert_close(features, torchvision_model(pictures))
    assert features.shape == (2, 2048)
    assert 'unexpected key' not in caplog.text
    if auxiliary:
        mine = backbone.AuxLogits.conv1.conv.weight
        assert torch.equal(mine, torchvision_model.AuxLogits.conv1.conv.weight)


def test_weights_of_mmpretrain_load(tmp_path):
    theirs = InceptionV3(num_classes=10, aux_logits=True)
    theirs.eval()
    checkpoint = {f'backbone.{key}': value for key, value in theirs.state_dict().items()}
    torch.save({'state_dict': checkpoint}, tmp_path / 'mmpretrain.pth')
    init_cfg = dict(
        type='Pretrained', checkpoint=str(tmp_path / 'mmpretrain.pth'), prefix='backbone'
    )
    backbone = build(init_cfg=init_cfg)
    backbone.init_weights()
    backbone.eval()
    pictures = torch.randn(1, 3, 128, 128)
    with torch.no_grad():
        torch.testing.assert_close(theirs.fc(backbone(pictures)[0]), theirs(pictures)[1])


def test_the_auxiliary_branch_is_for_training():
    backbone = build(auxiliary=True)
    pictures = torch.randn(2, 3, 299, 299)
    assert [f.shape[1] for f in backbone(pictures)] == [768, 2048]
    backbone.eval()
    assert [f.shape[1] for f in backbone(pictures)] == [2048]
