import torch

from mmnoisy.models.necks import Standardize, identity_where_missing


def test_mean_and_scale():
    torch.manual_seed(0)
    features = torch.rand(500, 3) * torch.tensor([1.0, 10, 100]) + 5
    layer = Standardize(3)
    first = torch.rand(500, 7)
    assert torch.equal(layer((features,))[0], features)  # not fitted yet
    mean = features.mean(0)
    layer.fit(mean, float((features - mean).square().mean().sqrt()))
    other, out = layer((first, features))
    assert other is first
    torch.testing.assert_close(out.mean(0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(out.square().mean(), torch.tensor(1.0))
    ratio = out.std(0) / out.std(0)[0]
    torch.testing.assert_close(ratio, features.std(0) / features.std(0)[0])


def test_features_that_are_all_the_same():
    layer = Standardize(2)
    layer.fit(torch.tensor([1.0, 2.0]), 0.0)
    assert torch.equal(layer((torch.tensor([[1.0, 2.0]]),))[0], torch.zeros(1, 2))


def test_checkpoints_from_before_keep_their_meaning():
    layer = torch.nn.ModuleDict(dict(neck=Standardize(2), head=torch.nn.Linear(2, 1)))
    before = {k: v for k, v in layer.state_dict().items() if k.startswith('head.')}
    identity_where_missing(layer, before)
    layer.load_state_dict(before)  # strict: nothing is missing
    assert layer['neck'].fitted
    assert torch.equal(layer['neck']((torch.ones(1, 2),))[0], torch.ones(1, 2))


def test_a_backbone_alone_leaves_it_to_be_fitted():
    layer = torch.nn.ModuleDict(dict(neck=Standardize(2), backbone=torch.nn.Linear(2, 1)))
    before = {k: v for k, v in layer.state_dict().items() if k.startswith('backbone.')}
    identity_where_missing(layer, before)
    assert 'neck.mean' in layer.load_state_dict(before, strict=False).missing_keys
    assert not layer['neck'].fitted
