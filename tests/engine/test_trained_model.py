import pytest
import torch
from mmengine.config import Config
from small_classifier import refused

from mmnoisy import InputError
from mmnoisy.engine.sets import resolve
from mmnoisy.engine.trained_model import load_classifier


def save(small, tmp_path, state, **meta):
    torch.save(
        dict(state_dict=state, meta=dict(dataset_meta={**small.meta, **meta})), tmp_path / 'x'
    )
    return str(tmp_path / 'x')


def test_all_weights_are_those_of_the_checkpoint(small):
    model = load_classifier(small.cfg, small.weights)
    assert not model.training
    expected = small.model.state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in model.state_dict().items())
    assert model._dataset_meta['class_names'] == small.meta['class_names']


def test_heads_that_were_trained_on_features_take_the_backbone_of_the_config(small, tmp_path):
    state = small.model.state_dict()
    head = {key: value for key, value in state.items() if key.startswith('head.')}
    checkpoint = save(small, tmp_path, head)
    with pytest.raises(InputError, match=r'x: lacks backbone.* other weights of the model; give'):
        load_classifier(small.cfg, checkpoint)
    cfg = resolve(Config.fromfile(small.config))
    cfg.model.backbone.init_cfg = dict(
        type='Pretrained', checkpoint=small.weights, prefix='backbone.'
    )
    model = load_classifier(cfg, checkpoint)
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    cfg.model.backbone.init_cfg.checkpoint = 'gone.pth'
    with pytest.raises(InputError, match=r'gone.pth: there is no such checkpoint'):
        load_classifier(cfg, checkpoint)


def test_a_cleaning_head_is_not_needed(small):
    cfg = resolve(Config.fromfile(small.config))
    cfg.model.cleaning_head = dict(type='LabelCleaningHead', num_classes=6, in_channels=64)
    assert load_classifier(cfg, small.weights).cleaning_head.num_classes == 6


def test_refusals(small, tmp_path):
    with pytest.raises(InputError, match=r'gone.pth: there is no such checkpoint; check'):
        load_classifier(small.cfg, 'gone.pth')
    broken = tmp_path / 'broken.pth'
    broken.write_bytes(b'no checkpoint')
    with pytest.raises(InputError, match=r'broken.pth: cannot be loaded as a checkpoint \('):
        load_classifier(small.cfg, str(broken))
    torch.save([1, 2], broken)
    with pytest.raises(InputError, match='it holds a list'):
        load_classifier(small.cfg, str(broken))
    state = small.model.state_dict()
    state['head.fc.weight'] = torch.zeros(7, 64)
    with pytest.raises(InputError, match=r'head.fc.weight is \[7, 64\], and \[6, 64\] in the con'):
        load_classifier(small.cfg, save(small, tmp_path, state))


@pytest.mark.parametrize(
    ('key', 'value', 'refusal'),
    [
        ('head.fc.bias', 'nan', 'head.fc.bias'),
        ('head.fc.bias', 'inf', 'head.fc.bias'),
        ('backbone.bn1.running_var', 'nan', 'backbone.bn1.running_var'),
        ('backbone.bn1.running_var', 'inf', None),  # no parameter: such a mask has a meaning
    ],
)
def test_weights_that_are_not_finite_are_refused(small, tmp_path, capsys, key, value, refusal):
    """Their scores were no labels at all, which nobody was told."""
    state = {name: weight.clone() for name, weight in small.model.state_dict().items()}
    state[key][3] = float(value)
    checkpoint = save(small, tmp_path, state)
    if refusal is None:
        load_classifier(small.cfg, checkpoint)
        return
    sentence = f'x: has numbers that are not finite in {refusal}; give an earlier checkpoint'
    with pytest.raises(InputError, match=sentence):
        load_classifier(small.cfg, checkpoint)
    assert sentence in refused(
        capsys, 'test.py', small.config, checkpoint, '--work-dir', tmp_path / 'run'
    )


def test_code_in_a_checkpoint_does_not_run(small, tmp_path):
    class Harmful:
        def __reduce__(self):
            return (tmp_path / 'harm').mkdir, ()

    torch.save(dict(state_dict=Harmful()), tmp_path / 'harmful.pth')
    with pytest.raises(InputError, match='cannot be loaded as a checkpoint'):
        load_classifier(small.cfg, str(tmp_path / 'harmful.pth'))
    assert not (tmp_path / 'harm').exists()


def test_the_state_of_a_loss_is_not_needed(small):
    cfg = resolve(Config.fromfile(small.config))
    cfg.model.head.loss = dict(type='SPLCLoss', start_images=10)
    assert load_classifier(cfg, small.weights).head.loss_module.seen == 0
