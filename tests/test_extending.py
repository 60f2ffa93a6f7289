"""The code of docs/extending.md, run as it stands."""

import re

import torch
from conftest import REPO
from mmpretrain.registry import MODELS
from torch.nn.functional import binary_cross_entropy_with_logits

PAGE = (REPO / 'docs/extending.md').read_text().partition('\n## A metric')[0]
BLOCKS = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)


def test_the_loss_and_the_cleaning_head_of_the_page():
    head = dict(type='MultiLabelLinearClsHead', num_classes=4, in_channels=3)
    backbone = dict(type='mmpretrain.PrecomputedFeatures', channels=3)
    model = dict(type='mmpretrain.DualHeadClassifier', backbone=backbone, head=head)
    added = set()
    try:
        for block in BLOCKS:
            exec(block, dict(model=model, __name__='my_parts'))
        added = {name for name, kind in MODELS.module_dict.items() if kind.__module__ == 'my_parts'}
        assert added == {'DoubtingLoss', 'ClassQualityHead'}
        built = MODELS.build(model)
    finally:
        for name in added:
            MODELS.module_dict.pop(name)
    x, samples = torch.randn(2, 3), [dict(noisy_label=[1, 3], verified_pos=[1], verified_neg=[0])]
    losses = built.loss(x, [dict(noisy_label=[2]), *samples])
    right, z = (built.cleaning_head.fc(x), built.head.fc(x))
    verified = torch.tensor([[0.0, 1, 0, 0]])
    # Of the second image everything is known, and labels 1 and 3 are given.
    entropy = binary_cross_entropy_with_logits(right[1:], verified, reduction='none')
    torch.testing.assert_close(losses['loss_clean'], entropy[0, [1, 3]].sum() / 2)
    target = torch.cat([right[:1].sigmoid() * torch.tensor([0.0, 0, 1, 0]), verified]).detach()
    cells = binary_cross_entropy_with_logits(z, target, reduction='none')
    expected = (0.3 * cells[0].sum() + cells[1].sum()) / 2
    torch.testing.assert_close(losses['loss_classify'], expected)
    sum(losses.values()).backward()
    assert all(parameter.grad is not None for parameter in built.parameters())
