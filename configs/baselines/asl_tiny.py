"""Asymmetric loss, second stage: V alone."""

_base_ = 'asl_mixed_tiny.py'
load_from = 'work_dirs/asl_mixed_tiny'

train_dataloader = dict(dataset='verified_set', sampler=dict(source_ratio=None))
train_cfg = dict(min_images=128_000)
experiment = dict(_delete_=True, shares_recipe_with='finetune_clean')
