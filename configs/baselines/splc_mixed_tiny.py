"""SPLC, first stage: T and V 9 : 1; see docs/methods.md."""

_base_ = '../finetune_mixed_tiny.py'

model = dict(unverified='mask', head=dict(loss=dict(type='SPLCLoss', start_images=0)))
experiment = dict(
    choices={'tau 0.6': {}, 'tau 0.8': {'model.head.loss.tau': 0.8}},
    judged_by='splc',
    rows={},
)
