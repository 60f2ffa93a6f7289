"""A bound of the best method: its loss, where T has verdicts on its noisy labels, too."""

_base_ = 'bound_verdicts_tiny.py'
load_from = 'work_dirs/baseline_soft_tiny'

model = dict(soft_labels=True, unverified='mask', unannotated='teacher', unannotated_weight=0.01)
experiment = dict(shares_recipe_with='finetune_listed')
