"""The paper's joint model on confidences: a part of the best method."""

_base_ = 'joint_tiny.py'
load_from = 'work_dirs/baseline_soft_tiny'

model = dict(soft_labels=True)
experiment = dict(shares_recipe_with='joint')
