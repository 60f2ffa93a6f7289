"""A cleaning network for labels that people get: a hierarchical logistic regression on V."""

_base_ = 'best_cleaner_tiny.py'

model = dict(cleaning_head=dict(_delete_=True, type='HierarchicalCleaningHead'))
# Convex, and its weights are in units of their priors: one rate suits any data.
optim_wrapper = dict(optimizer=dict(lr=0.03), paramwise_cfg=dict(_delete_=True))
train_cfg = dict(min_images=64_000, max_passes=None)
experiment = dict(_delete_=True, rows={})
