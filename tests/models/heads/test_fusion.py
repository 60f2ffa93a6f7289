import math

import pytest
import torch
from torch import nn

from mmnoisy.errors import InputError
from mmnoisy.models import LabelCleaningHead
from mmnoisy.models.heads.fusion import FUSIONS, HEADS, attend, build_fusion

WIDTH, CLASSES = 8, 6
OTHERS = [name for name in FUSIONS if name != 'concat']


def inputs(num_images=5, dtype=torch.double):
    """An embedding, soft labels, the second image without any, the third with all; features."""
    torch.manual_seed(1)
    embedding = nn.Linear(CLASSES, WIDTH, bias=False, dtype=dtype)
    nn.init.normal_(embedding.weight)
    noisy = torch.rand(num_images, CLASSES, dtype=dtype)
    noisy[torch.rand(num_images, CLASSES) < 0.4] = 0
    noisy[1], noisy[2] = 0, 1
    return embedding, noisy, torch.randn(num_images, WIDTH, dtype=dtype)


def fused(name, embedding, noisy, visual):
    torch.manual_seed(2)
    return build_fusion(name, WIDTH).double()(embedding, noisy, visual)


def head_of(name, hidden_dims=7, **kwargs):
    kwargs = dict(act_cfg=dict(type='ReLU'), fusion=name, **kwargs)
    torch.manual_seed(0)
    head = LabelCleaningHead(CLASSES, 3, WIDTH, hidden_dims, **kwargs)
    nn.init.normal_(head.output.weight)
    return head


def test_concatenation_is_the_formula_of_the_paper_bit_for_bit():
    head = head_of('concat')
    y, f = (torch.rand(5, CLASSES) < 0.4).float(), torch.randn(5, 3)
    e, v, w, u = head.label_embedding, head.visual_embedding, head.hidden, head.output
    expected = y + u(w(torch.cat([e(y), v(f)], 1)).relu())
    assert torch.equal(head((f,), y).raw, expected)
    layers = ['label_embedding', 'visual_embedding', 'hidden', 'output']
    keys = [f'{layer}.{name}' for layer in layers for name in ('weight', 'bias')]
    assert [*head.state_dict()] == [key for key in keys if key != 'label_embedding.bias']


def test_bilinear_by_hand():
    """Both embeddings are 2: (2 y + b) v."""
    embedding = nn.Linear(1, 1, bias=False)
    embedding.weight.data.fill_(2)
    fusion = build_fusion('bilinear', 1)
    fusion.bias.data.fill_(0.5)
    y, v = torch.tensor([[1.0], [0.0], [0.5]]), torch.tensor([[3.0], [3.0], [-1.0]])
    assert fusion(embedding, y, v).tolist() == [[7.5], [1.5], [-1.5]]


def test_gate_by_hand():
    """The gate sees 2 y - v: it is open by half where that is 0."""
    embedding = nn.Linear(1, 1, bias=False)
    embedding.weight.data.fill_(2)
    fusion = build_fusion('gated', 1)
    fusion.gate.weight.data = torch.tensor([[1.0, -1.0]])
    fusion.gate.bias.data.zero_()
    y, v = torch.tensor([[1.0], [0.0], [0.5]]), torch.tensor([[2.0], [3.0], [0.0]])
    expected = torch.tensor([[3.0], [3.0], [1 / (1 + math.exp(-1))]])
    torch.testing.assert_close(fusion(embedding, y, v), expected)


def test_attention_equals_a_loop_over_images_and_labels():
    embedding, noisy, visual = inputs()
    torch.manual_seed(2)
    fusion = build_fusion('attention', WIDTH).double()
    part = WIDTH // HEADS
    expected = torch.zeros(len(noisy), WIDTH, dtype=torch.double)
    for n in range(len(noisy)):
        query = fusion.query(visual[n])
        for begin in range(0, WIDTH, part):
            head = slice(begin, begin + part)
            total = 1.0
            for k in range(CLASSES):
                key = embedding.weight[head, k]
                weight = noisy[n, k] * (query[head] @ key / math.sqrt(part)).exp()
                expected[n, head] += weight * key
                total += weight
            expected[n, head] /= total
    found = fusion(embedding, noisy, visual)
    torch.testing.assert_close(found, torch.cat([expected, visual], 1))


def test_attention_to_all_classes_is_that_to_the_labels_present():
    """What devices compute, whose labels the host cannot count without waiting."""
    embedding, noisy, visual = inputs()
    fusion = build_fusion('attention', WIDTH).double()
    query = fusion.query(visual)
    found = attend(query[None], embedding.weight.t()[None], noisy.log()[None])[0]
    expected = fusion(embedding, noisy, visual)[:, :WIDTH]
    torch.testing.assert_close(found, expected)
    gradients = [
        torch.autograd.grad(x.square().sum(), (embedding.weight, fusion.query.weight))
        for x in (found, expected)
    ]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize('name', FUSIONS)
def test_the_host_waits_for_no_device(name):
    """Tensors on the device ``meta`` have no values to wait for."""
    head = head_of(name).to('meta')
    features, noisy = (torch.empty(5, width, device='meta') for width in (3, CLASSES))
    head.loss(head((features,), noisy), noisy, noisy > 0).backward()
    assert head.label_embedding.weight.grad.shape == (WIDTH, CLASSES)


@pytest.mark.parametrize('name', OTHERS)
def test_gradients_equal_finite_differences(name):
    embedding, noisy, visual = inputs(3)
    fusion = build_fusion(name, WIDTH).double()

    def of(label, *_):  # the others are changed in place
        return fusion(embedding, noisy.index_copy(1, torch.tensor([4]), label), visual)

    label = torch.full((3, 1), 0.5, dtype=torch.double, requires_grad=True)
    arguments = (label, embedding.weight, visual.requires_grad_(), *fusion.parameters())
    assert torch.autograd.gradcheck(of, arguments)


@pytest.mark.parametrize('name', FUSIONS)
def test_the_order_of_images_and_of_classes_does_not_matter(name):
    embedding, noisy, visual = inputs()
    expected = fused(name, embedding, noisy, visual)
    images, classes = torch.randperm(len(noisy)), torch.randperm(CLASSES)
    other = nn.Linear(CLASSES, WIDTH, bias=False)
    other.weight = nn.Parameter(embedding.weight[:, classes])
    found = fused(name, other, noisy[images][:, classes], visual[images])
    torch.testing.assert_close(found, expected[images])


@pytest.mark.parametrize('name', FUSIONS)
def test_an_image_without_labels_has_its_features(name):
    embedding, noisy, visual = inputs()
    found = fused(name, embedding, noisy, visual)
    assert torch.equal(found[1, -WIDTH:], visual[1])
    assert not found[1, :-WIDTH].any()
    assert torch.equal(fused(name, embedding, 0 * noisy, visual)[1], found[1])  # a batch of them
    assert fused(name, embedding, noisy[:0], visual[:0]).shape == (0, found.shape[1])


@pytest.mark.parametrize('name', FUSIONS)
def test_a_label_counts_by_its_confidence(name):
    """A faint label is almost none: there is no step where it appears."""
    embedding, noisy, visual = inputs()
    noisy[:, 0] = 0
    absent, faint, half, present = (
        fused(name, embedding, noisy.index_fill(1, torch.tensor(0), y), visual)
        for y in (0, 1e-9, 0.5, 1)
    )
    torch.testing.assert_close(faint, absent)
    change = [(found - absent).norm() for found in (half, present)]
    assert 0 < change[0] < change[1]


@pytest.mark.parametrize('name', FUSIONS)
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_close_and_has_gradients(name, dtype):
    head = head_of(name)
    y, f = (torch.rand(5, CLASSES) < 0.4).float(), torch.randn(5, 3)
    y[0] = 0
    with torch.autocast('cpu', dtype):
        half = head((f,), y).raw
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, head((f,), y).raw, atol=0.05, rtol=0.05)
    half.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in head.parameters())


@pytest.mark.parametrize('name', OTHERS)
def test_noisy_labels_of_other_classes(name):
    head = head_of(name, noisy_classes=11)
    cleaned = head((torch.randn(4, 3),), (torch.rand(4, 11) < 0.3).float()).labels
    assert cleaned.shape == (4, CLASSES)
    assert 0 < cleaned.mean() < 1


@pytest.mark.parametrize('name', FUSIONS)
def test_it_learns_to_clean(name):
    """Which label is right is told by the feature: 0 if it is positive, else 1."""
    head = head_of(name, 32)
    nn.init.zeros_(head.output.weight)
    optimizer = torch.optim.Adam(head.parameters(), 0.01)

    def batch():
        y, f = torch.zeros(64, CLASSES), torch.randn(64, 3).sign()
        y[:, :2] = 1
        v = y.clone()
        v[:, 0], v[:, 1] = (f[:, 0] > 0).float(), (f[:, 0] < 0).float()
        return y, f, v

    for _ in range(200):
        y, f, v = batch()
        loss = (head((f,), y).raw - v).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    y, f, v = batch()
    assert torch.equal(head((f,), y).labels.round(), v)


def test_what_there_is_not():
    with pytest.raises(InputError, match=r"fusion='sum': give one of \['concat', 'bilinear'"):
        head_of('sum')
    with pytest.raises(InputError, match=r'embed_dims=6.* give a multiple of 4'):
        LabelCleaningHead(CLASSES, 3, 6, fusion='attention')
