"""Objects, a baseline: V alone, from the start."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_objects.py',
    '_base_/small_runtime.py',
]

train_dataloader = dict(dataset='verified_set')
optim_wrapper = dict(optimizer=dict(weight_decay=0.01))
train_cfg = dict(min_images=60_000)
