"""The joint model on confidences, absences that nobody rated count little: a part of the best."""

_base_ = 'joint_soft_tiny.py'

model = dict(unverified='mask', unannotated='teacher', unannotated_weight=0.01)
