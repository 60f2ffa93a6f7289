"""A cleaning network for labels that people get: a hierarchical logistic regression on V."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune_verified.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_soft_tiny'

model = dict(
    soft_labels=True,
    unverified='mask',
    head=dict(loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.0)),
    cleaning_head=dict(type='HierarchicalCleaningHead'),
)
train_dataloader = dict(dataset='verified_set')
# Convex, and its weights are in units of their priors: one rate suits any data.
optim_wrapper = dict(optimizer=dict(lr=0.03), paramwise_cfg=dict(_delete_=True))
train_cfg = dict(min_images=64_000)
experiment = dict(rows={})
