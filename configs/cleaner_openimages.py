"""A cleaning network for labels that people get: a hierarchical logistic regression on V."""

_base_ = 'best_cleaner_openimages.py'

model = dict(cleaning_head=dict(_delete_=True, type='HierarchicalCleaningHead'))
# Convex, and its weights are in units of their priors: one rate suits any data.
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=0.03), paramwise_cfg=dict(_delete_=True)
)
param_scheduler = dict(
    _delete_=True, type='LinearLR', by_epoch=False, start_factor=1.0, end_factor=0.0
)
train_cfg = dict(max_iters=20_000)
