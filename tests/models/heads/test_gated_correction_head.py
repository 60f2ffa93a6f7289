import pytest
import torch
from mmpretrain.registry import MODELS

C, D = 4, 3


def build():
    torch.manual_seed(0)
    sizes = dict(num_classes=C, in_channels=D, embed_dims=5, hidden_dims=6)
    return MODELS.build(dict(type='mmpretrain.GatedCorrectionHead', **sizes))


def test_the_mixture_and_its_loss_by_the_formula():
    """c = a y + (1 - a) s, and the cross-entropy of c and v over what is observed."""
    head, feats, y = build().double(), torch.randn(7, D).double(), torch.rand(7, C).double()
    y[0], y[1] = 0, 1
    embedded = torch.cat([head.label_embedding(y), head.visual_embedding(feats)], 1)
    hidden = head.hidden(embedded)
    a, s = head.gate(hidden).sigmoid(), head.output(hidden).sigmoid()
    c = a * y + (1 - a) * s
    cleaned = head(feats, y)
    torch.testing.assert_close(cleaned.labels.double(), c, atol=1e-6, rtol=1e-5)
    v, observed = (torch.rand(7, C) < 0.5).double(), torch.rand(7, C) < 0.6
    entropy = -(v * c.log() + (1 - v) * (1 - c).log())
    torch.testing.assert_close(
        head.loss(cleaned, v, observed).double(), entropy[observed].sum() / 7, rtol=1e-5, atol=0
    )


@pytest.mark.parametrize('verdict', [0.0, 1.0])
def test_a_closed_gate_still_has_a_slope(verdict):
    head, y = build(), torch.full((1, C), 1 - verdict)
    head.gate.bias.data.fill_(40.0)  # in float32 the sigmoid of it is 1
    head.loss(head(torch.zeros(1, D), y), 1 - y, torch.ones(1, C, dtype=torch.bool)).backward()
    assert head.gate.bias.grad.item() == pytest.approx(C, rel=0.01)
