"""First stage of "Our Approach with pre-training": the cleaning network alone, on V."""

_base_ = 'joint_tiny.py'

model = dict(head=dict(loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.0)))
train_dataloader = dict(dataset='verified_set', sampler=dict(source_ratio=None))
train_cfg = dict(min_images=128_000)
experiment = dict(shares_recipe_with='joint', rows={})
