"""Selective loss, first stage: T and V 9 : 1; see docs/methods.md."""

_base_ = '../finetune_mixed_tiny.py'

# What nobody rated in an image of V is told apart from what was verified absent there.
model = dict(unverified='mask', head=dict(loss=dict(type='SelectiveLoss')))
experiment = dict(
    choices={
        'gamma 0, 1, 2': {},
        'gamma 0, 4, 4': {
            'model.head.loss.gamma_neg': 4.0,
            'model.head.loss.gamma_unknown': 4.0,
        },
        'gamma 0, 4, 4, no prior': {
            'model.head.loss.gamma_neg': 4.0,
            'model.head.loss.gamma_unknown': 4.0,
            'model.head.loss.prior': 1.0,
        },
    },
    judged_by='selective',
    rows={},
)
