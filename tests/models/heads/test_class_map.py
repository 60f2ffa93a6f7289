"""Heads that take noisy labels of other classes."""

import pytest
import torch
from conftest import write_csv
from mmpretrain.registry import MODELS

from mmnoisy import InputError
from mmnoisy.models.heads.class_map import ClassMap

A, B, D = 4, 3, 2
PAIRS = [(0, 0), (1, 0), (1, 2), (3, 2)]
# The same as a matrix, (B, A).
S = torch.tensor([[1.0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1]])
HEADER = ('NoisyId', 'Id', 'NoisyLabelName', 'LabelName')


@pytest.fixture
def pairs(tmp_path):
    write_csv(tmp_path / 'pairs.csv', [HEADER, *((a, b, '/m/a', '/m/b') for a, b in PAIRS)])
    return str(tmp_path / 'pairs.csv')


def build(kind, **settings):
    torch.manual_seed(0)
    head = MODELS.build(dict(type=f'mmpretrain.{kind}', **settings))
    head.init_weights()
    return head


def labels(num_images=9, num_classes=A):
    return (torch.rand(num_images, num_classes) < 0.5).float()


def test_it_is_the_product_with_the_matrix(pairs):
    class_map, y = ClassMap(pairs, A, B), labels()
    assert torch.equal(class_map(y), y @ S.T)
    weight = torch.tensor([0.5, 2.0, -1.0, 3.0])
    weighted = torch.tensor([[0.5, 2, 0, 0], [0, 0, 0, 0], [0, -1, 0, 3]])
    torch.testing.assert_close(class_map(y, weight), y @ weighted.T)


def test_names_that_match_as_a_cleaning_head(pairs):
    head = build('ClassMapHead', num_classes=B, noisy_classes=A, class_map=pairs)
    y = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    expected = [[1, 0, 1], [0, 0, 0], [0, 0, 1]]  # two labels that say the first class: once
    cleaned = head((), y)
    assert cleaned.labels.tolist() == head.unclipped(cleaned).tolist() == expected
    assert head.loss(cleaned, 1 - cleaned.labels, torch.ones(3, B, dtype=torch.bool)) == 0


def test_pairs_are_part_of_the_weights(pairs, tmp_path):
    write_csv(tmp_path / 'others.csv', [HEADER, *((0, b) for _, b in PAIRS)])
    settings = dict(num_classes=B, noisy_classes=A)
    head, other = (
        build('ClassMapHead', class_map=path, **settings)
        for path in (pairs, str(tmp_path / 'others.csv'))
    )
    other.load_state_dict(head.state_dict())
    y = labels()
    assert torch.equal(other((), y).labels, head((), y).labels)


def test_the_identity_as_class_map_equals_one_vocabulary(tmp_path):
    write_csv(tmp_path / 'same.csv', [HEADER, *((k, k) for k in range(B))])
    sizes = dict(num_classes=B, in_channels=D, embed_dims=4, hidden_dims=5)
    square = build('LabelCleaningHead', **sizes)
    other = build(
        'LabelCleaningHead', noisy_classes=B, class_map=str(tmp_path / 'same.csv'), **sizes
    )
    for head in (square, other):
        torch.manual_seed(1)
        torch.nn.init.normal_(head.output.weight)
    y, feats = labels(num_classes=B), (torch.randn(9, D),)
    for one, two in zip(square(feats, y), other(feats, y)):
        assert torch.equal(one, two)


@pytest.mark.parametrize('with_pairs', [True, False])
def test_equation_1_begins_at_the_labels_that_correspond(pairs, with_pairs):
    sizes = dict(num_classes=B, noisy_classes=A, in_channels=D)
    head = build('LabelCleaningHead', class_map=pairs if with_pairs else None, **sizes)
    y, feats = labels(), (torch.randn(9, D),)
    start = (y @ S.T).clamp(max=1) * with_pairs
    assert torch.equal(head(feats, y).labels, start)
    loss = head.loss(head(feats, y), 1 - start, torch.ones(9, B, dtype=torch.bool))
    loss.backward()
    assert head.output.weight.grad.abs().sum() > 0


def test_the_formula_of_the_mapping_by_hand(tmp_path):
    """One feature, two noisy classes, one class: c = sigmoid(w f + u relu(e y) + s y)."""
    write_csv(tmp_path / 'pair.csv', [HEADER, (1, 0)])
    sizes = dict(num_classes=1, in_channels=1, noisy_classes=2, embed_dims=1)
    head = build('LogitMappingHead', class_map=str(tmp_path / 'pair.csv'), **sizes).eval()
    assert head.pair_weight.tolist() == [5]
    for weight, value in {
        'visual_embedding.weight': [[2.0]],
        'visual_embedding.bias': [-1.0],
        'label_embedding.weight': [[1.0, -3.0]],
        'label_embedding.bias': [0.5],
        'output.weight': [[2.0]],
        'output.bias': [0.25],
        'pair_weight': [4.0],
    }.items():
        head.get_parameter(weight).data = torch.tensor(value)
    feats = (torch.tensor([[1.0], [0.5]]),)
    # y = (1, 0): 2 - 1 + 2 * 1.5 + 0.25; y = (1, 1): 1 - 1 + 2 * relu(-1.5) + 0.25 + 4
    logits = torch.tensor([[4.25], [4.25]])
    y = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    torch.testing.assert_close(head(feats, y).labels, logits.sigmoid())


def test_the_mapping_learns_from_every_verdict(pairs):
    sizes = dict(num_classes=B, in_channels=D, noisy_classes=A)
    head = build('LogitMappingHead', class_map=pairs, **sizes).eval()
    y, feats, v = labels(), (torch.randn(9, D),), labels(num_classes=B)
    cleaned = head(feats, y)
    loss = head.loss(cleaned, v, torch.ones(9, B, dtype=torch.bool))
    probability = cleaned.raw.double().sigmoid()
    entropy = torch.nn.functional.binary_cross_entropy(probability, v.double(), reduction='sum')
    torch.testing.assert_close(loss.double(), entropy / 9)
    loss.backward()
    assert head.pair_weight.grad.abs().min() > 0


def test_the_classifier_learns_the_mapped_labels(pairs):
    """T learns c, V its verdicts; neither needs noisy ids below the number of classes."""
    model = MODELS.build(
        dict(
            type='mmpretrain.DualHeadClassifier',
            backbone=dict(type='PrecomputedFeatures', channels=D),
            head=dict(type='MultiLabelLinearClsHead', num_classes=B, in_channels=D),
            cleaning_head=dict(
                type='ClassMapHead', num_classes=B, noisy_classes=A, class_map=pairs
            ),
        )
    )
    feats = torch.randn(3, D)
    samples = [
        dict(noisy_label=[3]),
        dict(noisy_label=[1, 2]),
        dict(noisy_label=[0], verified_pos=[1], verified_neg=[0, 2]),
    ]
    losses = model.loss(feats, samples)
    target = torch.tensor([[0.0, 0, 1], [1, 0, 1], [0, 1, 0]])
    logits = model.head((feats,))
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction='sum')
    torch.testing.assert_close(losses['loss_classify'], expected / 3)
    assert losses['loss_clean'] == 0


@pytest.mark.parametrize('settings', [dict(unverified='noisy'), dict(unannotated_weight=0.01)])
def test_readings_that_need_labels_of_the_same_classes_are_refused(settings, pairs):
    cleaning = dict(type='ClassMapHead', num_classes=B, noisy_classes=A)
    with pytest.raises(InputError, match=r'noisy_classes=4: .* leave out'):
        MODELS.build(
            dict(
                type='mmpretrain.DualHeadClassifier',
                backbone=dict(type='PrecomputedFeatures', channels=D),
                head=dict(type='MultiLabelLinearClsHead', num_classes=B, in_channels=D),
                cleaning_head=dict(class_map=pairs, **cleaning),
                **settings,
            )
        )


@pytest.mark.parametrize(
    ('rows', 'complaint'),
    [
        ([HEADER], 'has no pair'),
        ([HEADER, (0,)], 'has a row without two class ids'),
        ([HEADER, ('/m/a', '/m/b')], "has a row without two class ids .*'/m/a'"),
        ([HEADER, (4, 0)], 'the pair 4, 0 is outside the 4 and 3 classes'),
        ([HEADER, (0, -1)], 'the pair 0, -1 is outside the 4 and 3 classes'),
    ],
)
def test_wrong_files_are_refused(tmp_path, rows, complaint):
    write_csv(tmp_path / 'pairs.csv', rows)
    with pytest.raises(InputError, match=rf'pairs\.csv: {complaint}'):
        ClassMap(str(tmp_path / 'pairs.csv'), A, B)


def test_a_missing_file_and_one_that_nothing_needs_are_refused(tmp_path):
    with pytest.raises(InputError, match=r'none\.csv: cannot be read \(No such file'):
        ClassMap(str(tmp_path / 'none.csv'), A, B)
    with pytest.raises(InputError, match='the noisy labels are of the same classes'):
        build('LabelCleaningHead', num_classes=B, in_channels=D, class_map='pairs.csv')
