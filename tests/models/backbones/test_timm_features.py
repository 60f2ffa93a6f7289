"""Networks of timm as feature extractors: one row a picture, whatever they are made of."""

import pytest
import torch
from mmpretrain.registry import MODELS

import mmnoisy.components  # noqa: F401
from mmnoisy import InputError
from mmnoisy.models.backbones import timm_features

timm = pytest.importorskip('timm')


@pytest.mark.parametrize('name', ['test_efficientnet', 'test_vit', 'test_convnext'])
def test_features_are_what_the_last_layer_of_timm_gets(name):
    if not timm.is_model(name):
        pytest.skip('not in this version of timm')
    torch.manual_seed(0)
    network = timm.create_model(name)
    size = network.pretrained_cfg['input_size'][-1]
    backbone = MODELS.build(dict(type='mmpretrain.TIMMFeatures', model_name=name))
    backbone.init_weights()
    state = network.state_dict()
    backbone.timm_model.load_state_dict(
        {key: state[key] for key in backbone.timm_model.state_dict()}
    )
    pictures = torch.randn(2, 3, size, size)
    with torch.no_grad():
        (found,) = backbone.eval()(pictures)
        network.eval()
        wanted = network.forward_head(network.forward_features(pictures), pre_logits=True)
    assert found.shape == (2, network.num_features)
    torch.testing.assert_close(found, wanted)


def test_a_network_of_the_hub(monkeypatch):
    make = timm.create_model

    def create(name, **kwargs):
        assert name == 'hf-hub:me/mine'
        return make('resnet18', **kwargs)

    monkeypatch.setattr(timm, 'create_model', create)
    backbone = MODELS.build(dict(type='mmpretrain.TIMMFeatures', model_name='hf-hub:me/mine'))
    assert backbone.eval()(torch.randn(1, 3, 32, 32))[0].shape[0] == 1


@pytest.mark.parametrize('name', ['hf-hub:me/mine', 'hf_hub:me/mine'])
def test_what_the_hub_lacks_is_a_sentence(monkeypatch, name):
    def fail(*args, **kwargs):
        raise ConnectionError('no route to host\nand more')

    monkeypatch.setattr(timm, 'create_model', fail)
    sentence = rf"'{name}': cannot be fetched \(no route to host\); check the name and the network"
    with pytest.raises(InputError, match=sentence):
        MODELS.build(dict(type='mmpretrain.TIMMFeatures', model_name=name))
    monkeypatch.setattr(timm_features, 'find_spec', lambda name: None)
    with pytest.raises(InputError, match=f"'{name}': needs huggingface_hub; pip install"):
        MODELS.build(dict(type='mmpretrain.TIMMFeatures', model_name=name))


def test_no_such_network():
    with pytest.raises(InputError, match="model_name='mine': timm has no such network"):
        MODELS.build(dict(type='mmpretrain.TIMMFeatures', model_name='mine'))
