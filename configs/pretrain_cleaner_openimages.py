"""First stage of "Our Approach with pre-training": the cleaning network alone, on V."""

_base_ = 'joint_openimages.py'

model = dict(head=dict(loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.0)))
train_dataloader = dict(dataset='verified_set', sampler=dict(source_ratio=None))
# "until convergence" in the paper; these are 300 passes over V
train_cfg = dict(max_iters=400_000)
