"""Large-loss correction, first stage: T and V 9 : 1; see docs/methods.md."""

_base_ = 'large_loss_rejection_mixed_tiny.py'

model = dict(head=dict(loss=dict(action='correct')))
experiment = dict(judged_by='large_loss_correction')
