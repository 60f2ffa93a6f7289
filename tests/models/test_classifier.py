import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from mmnoisy import InputError

C = 5


@MODELS.register_module(name='TwoStageBackbone')
class TwoStage(nn.Module):
    """Two small features, batch norm and dropout: what freezing has to take care of."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        x = self.dropout(self.norm(self.conv(x)))
        return x.amax((2, 3)), x.mean((2, 3))


def linear_head(**kwargs):
    return dict(type='MultiLabelLinearClsHead', num_classes=C, in_channels=4, **kwargs)


def build(cleaning=True, **kwargs):
    torch.manual_seed(0)
    if cleaning:
        kwargs['cleaning_head'] = dict(type='LabelCleaningHead', num_classes=C, in_channels=4)
    config = dict(
        type='mmpretrain.DualHeadClassifier',
        backbone=dict(type='TwoStageBackbone'),
        head=linear_head(),
        **kwargs,
    )
    model = MODELS.build(config)
    model.init_weights()
    return model


def batch():
    """Three images of T, one of V."""
    fields = [dict(noisy_label=[0, 1]), dict(noisy_label=[2]), dict(noisy_label=[])]
    fields.append(dict(noisy_label=[0, 3], verified_pos=[0], verified_neg=[3]))
    samples = [DataSample(**{k: np.array(v, int) for k, v in f.items()}) for f in fields]
    return torch.randn(4, 3, 8, 8), samples


def gradient(module):
    return sum(p.grad.abs().sum().item() for p in module.parameters() if p.grad is not None)


@pytest.mark.parametrize('perturbed', [False, True])
def test_who_learns_from_which_loss(perturbed):
    """The central claim of section 3.2, at initialisation and after it."""
    model = build()
    if perturbed:
        nn.init.normal_(model.cleaning_head.output.weight, std=0.1)
    inputs, samples = batch()
    model.loss(inputs, samples)['loss_classify'].backward()
    assert gradient(model.cleaning_head) == 0
    assert gradient(model.head) > 0
    assert gradient(model.backbone) > 0
    model.zero_grad()
    model.loss(inputs, samples)['loss_clean'].backward()
    assert gradient(model.cleaning_head) > 0
    assert gradient(model.head) == 0


def test_losses_by_hand():
    model = build().eval()
    nn.init.normal_(model.cleaning_head.output.weight, std=0.3)
    inputs, samples = batch()
    losses = model.loss(inputs, samples)
    feats = model.extract_feat(inputs)
    y = torch.tensor([[1.0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0] * 5, [1, 0, 0, 1, 0]])
    v = torch.tensor([1.0, 0, 0, 0, 0])
    cleaned = model.cleaning_head(feats, y).labels
    assert not torch.equal(cleaned, y)
    torch.testing.assert_close(losses['loss_clean'], 0.1 * (cleaned[3] - v).abs().sum() / 4)
    target = torch.cat([cleaned[:3], v[None]])
    expected = binary_cross_entropy_with_logits(model.head(feats), target, reduction='sum') / 4
    torch.testing.assert_close(losses['loss_classify'], expected)


def test_without_a_cleaning_head_the_noisy_labels_are_the_targets():
    model = build(cleaning=False).eval()
    inputs, samples = batch()
    losses = model.loss(inputs, samples)
    target = torch.tensor([[1.0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0] * 5, [1, 0, 0, 0, 0]])
    logits = model.head(model.extract_feat(inputs))
    expected = binary_cross_entropy_with_logits(logits, target, reduction='sum') / 4
    assert set(losses) == {'loss_classify'}
    torch.testing.assert_close(losses['loss_classify'], expected)


def test_mask_leaves_unrated_pairs_of_v_to_the_cleaned_labels():
    model = build(unverified='mask').eval()
    nn.init.constant_(model.cleaning_head.output.bias, 0.25)
    inputs, samples = batch()
    losses = model.loss(inputs, samples)
    # Rated are 0 (cleaned to 1, present) and 3 (cleaned to 1, absent).
    assert losses['loss_clean'].item() == pytest.approx(0.1 * 1 / 4)
    target = torch.tensor([[1, 1, 0.25, 0.25, 0.25], [0.25] * 5, [0.25] * 5, [1] + [0.25] * 4])
    target[1, 2], target[3, 3] = 1, 0
    logits = model.head(model.extract_feat(inputs))
    expected = binary_cross_entropy_with_logits(logits, target, reduction='sum') / 4
    torch.testing.assert_close(losses['loss_classify'], expected)


def test_a_batch_of_t_alone_still_touches_every_parameter():
    """Else data-parallel training would wait for gradients that never come."""
    model = build()
    inputs, samples = batch()
    sum(model.loss(inputs[:3], samples[:3]).values()).backward()
    assert all(p.grad is not None for p in model.parameters())
    assert gradient(model.cleaning_head) == 0


def test_auxiliary_head_learns_the_same_targets_from_the_first_features():
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.4)
    model = build(auxiliary_head=linear_head(loss=loss)).eval()
    inputs, samples = batch()
    losses = model.loss(inputs, samples)
    first = model.extract_feat(inputs)[:1]
    y = torch.tensor([[1.0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0] * 5, [1, 0, 0, 0, 0]])
    logits = model.auxiliary_head(first)
    expected = 0.4 * binary_cross_entropy_with_logits(logits, y, reduction='sum') / 4
    torch.testing.assert_close(losses['loss_auxiliary'], expected)


def test_prediction_ignores_the_noisy_labels():
    model = build().eval()
    inputs, samples = batch()
    scores = [sample.pred_score for sample in model.predict(inputs, samples)]
    expected = torch.sigmoid(model.head(model.extract_feat(inputs)))
    torch.testing.assert_close(torch.stack(scores), expected)


def test_wrong_settings():
    with pytest.raises(InputError, match="unverified='negative': give one of"):
        build(unverified='negative')
    with pytest.raises(InputError, match="unannotated='present': give one of"):
        build(unannotated='present')
    with pytest.raises(InputError, match=r'set model\.freeze_backbone=True'):
        build(feature_dtype='bfloat16')
    with pytest.raises(InputError, match="feature_dtype='int8': give one of"):
        build(feature_dtype='int8', freeze_backbone=True)
    with pytest.raises(InputError, match='helps to train a backbone, and this one is frozen'):
        build(auxiliary_head=linear_head(), freeze_backbone=True)
    with pytest.raises(InputError, match='num_classes is 5'):
        build().loss(torch.randn(1, 3, 8, 8), [DataSample(noisy_label=np.array([5]))])


@pytest.mark.parametrize('unverified', ['absent', 'mask'])
def test_losses_that_ask_learn_what_is_verified(unverified):
    model = build(cleaning=False, unverified=unverified)
    model.head.loss_module = MODELS.build(dict(type='mmpretrain.SPLCLoss', start_images=0, tau=0.0))
    inputs, samples = batch()
    feats = model.eval().extract_feat(inputs)
    observed = torch.zeros(4, C, dtype=torch.bool)
    observed[3] = True if unverified == 'absent' else torch.tensor([1, 0, 0, 1, 0]).bool()
    target = torch.tensor([[1.0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0] * 5, [1, 0, 0, 0, 0]])
    expected = model.head.loss_module(model.head(feats), target, observed)
    torch.testing.assert_close(model.loss(inputs, samples)['loss_classify'], expected)


def test_absences_that_nobody_looked_at_weigh_less():
    inputs, samples = batch()
    model = build(cleaning=False, unverified='mask', unannotated_weight=0.25).eval()
    logits = model.head(model.extract_feat(inputs))
    target = torch.zeros(4, C)
    target[[0, 0, 1, 3], [0, 1, 2, 0]] = 1
    weight = torch.full((4, C), 0.25)
    weight[[0, 0, 1, 3, 3], [0, 1, 2, 0, 3]] = 1
    expected = binary_cross_entropy_with_logits(logits, target, weight, reduction='sum') / 4
    torch.testing.assert_close(model.loss(inputs, samples)['loss_classify'], expected)


def test_of_unannotated_classes_the_classifier_keeps_what_it_said():
    inputs, samples = batch()
    begin = build(cleaning=False)
    model = build(cleaning=False, unverified='mask', unannotated='teacher').eval()
    model.load_state_dict(begin.state_dict())  # which has no teacher
    said = begin.head(begin.eval().extract_feat(inputs)).sigmoid()
    torch.nn.init.normal_(model.head.fc.weight)
    logits = model.head(model.extract_feat(inputs))
    target = said.detach().clone()
    target[[0, 0, 1, 3], [0, 1, 2, 0]] = 1
    target[3, 3] = 0  # verified absent
    expected = binary_cross_entropy_with_logits(logits, target, reduction='sum') / 4
    loss = model.loss(inputs, samples)['loss_classify']
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert all(weight.grad is None for weight in model.teacher_head.parameters())
    resumed = build(cleaning=False, unannotated='teacher')
    resumed.load_state_dict(model.state_dict())
    torch.testing.assert_close(resumed.teacher_head.fc.weight, begin.head.fc.weight)


def test_without_a_checkpoint_the_teacher_is_the_head():
    model = build(cleaning=False, unannotated='teacher')
    model.init_weights()
    torch.testing.assert_close(model.teacher_head.fc.weight, model.head.fc.weight)


def test_a_teacher_does_without_chance_and_stands_still():
    inputs, samples = batch()
    settings = dict(type='LogitCleaningHead', num_classes=C, in_channels=4)
    for weight, stands in ((1.0, False), (0.0, True)):
        cleaner = dict(settings, loss_weight=weight)
        model = build(cleaning=False, cleaning_head=cleaner, freeze_backbone=True)
        torch.nn.init.normal_(model.cleaning_head.output.weight)
        model.train()
        first, second = (model.loss(inputs, samples)['loss_classify'] for _ in range(2))
        assert torch.equal(first, second) == stands
        sum(model.loss(inputs, samples).values()).backward()
        learned = [p.grad is not None for p in model.cleaning_head.parameters()]
        assert not any(learned) if stands else all(learned)


@pytest.mark.parametrize(
    ('settings', 'complaint'),
    [
        (dict(train_cfg=dict(augments=dict(type='Mixup', alpha=0.2))), 'acts on gt_label'),
        (dict(data_preprocessor=dict(to_onehot=True, num_classes=C)), r'to_onehot .* gt_label'),
        (dict(pretrained='x.pth', init_cfg=dict(type='Pretrained', checkpoint='y.pth')), 'x.pth'),
        (dict(unlisted='former'), r"unlisted='former': is now called unannotated \('former' is 't"),
        (dict(unlisted_weight=0.5), 'is now called unannotated_weight'),
    ],
)
def test_options_that_cannot_act_or_have_other_names_now_are_refused(settings, complaint):
    with pytest.raises(InputError, match=complaint):
        build(**settings)


def test_a_pretrained_teacher_is_not_overwritten(tmp_path):
    model = build(cleaning=False, unannotated='teacher')
    nn.init.normal_(model.teacher_head.fc.weight)
    torch.save(model.state_dict(), tmp_path / 'model.pth')
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'model.pth'))
    other = build(cleaning=False, unannotated='teacher', init_cfg=init)
    assert torch.equal(other.teacher_head.fc.weight, model.teacher_head.fc.weight)
    assert torch.equal(other.head.fc.weight, model.head.fc.weight)


def test_other_heads_have_the_sizes_of_the_head():
    model = build(
        cleaning=False,
        cleaning_head=dict(type='LabelCleaningHead'),
        auxiliary_head=dict(type='MultiLabelLinearClsHead', in_channels=4),
    )
    assert model.cleaning_head.num_classes == model.auxiliary_head.num_classes == C
    assert model.cleaning_head.visual_embedding.in_features == 4


def test_a_cleaning_head_that_is_none_is_refused():
    with pytest.raises(InputError, match="MultiLabelLinearClsHead': is none; give a subclass"):
        build(cleaning=False, cleaning_head=linear_head())
