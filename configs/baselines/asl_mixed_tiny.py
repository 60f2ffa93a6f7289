"""Asymmetric loss, first stage: T and V 9 : 1; see docs/methods.md."""

_base_ = '../finetune_mixed_tiny.py'

model = dict(head=dict(loss=dict(type='AsymmetricLoss', gamma_pos=0.0, gamma_neg=4.0, clip=0.05)))
experiment = dict(
    choices={'gamma_neg 4': {}, 'gamma_neg 2': {'model.head.loss.gamma_neg': 2.0}},
    judged_by='asl',
    rows={},
)
