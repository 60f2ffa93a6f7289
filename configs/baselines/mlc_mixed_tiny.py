"""Meta label correction, first stage: T and V 9 : 1; see docs/methods.md."""

_base_ = '../finetune_mixed_tiny.py'

model = dict(type='MetaCorrectionClassifier', cleaning_head=dict(type='GatedCorrectionHead'))
experiment = dict(
    choices={
        'V also teaches the classifier': {},
        'V steers the correction': {'model.learn_verified': False},
    },
    judged_by='mlc',
    rows={},
)
