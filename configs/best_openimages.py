"""The best method: the classifier learns from the labels of a trained cleaning network."""

_base_ = 'joint_openimages.py'
load_from = 'work_dirs/best_cleaner_openimages'

model = dict(
    soft_labels=True,
    unverified='mask',
    unannotated='teacher',
    unannotated_weight=0.01,
    cleaning_head=dict(_delete_=True, type='LogitCleaningHead', loss_weight=0.0),
)
optim_wrapper = dict(paramwise_cfg=dict(_delete_=True))
