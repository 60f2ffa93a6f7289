"""Objects, a baseline: T with the names that match, then V."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_objects.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_objects_tiny'

train_dataloader = dict(dataset='verified_set')
optim_wrapper = dict(optimizer=dict(weight_decay=0.001))
train_cfg = dict(min_images=20_000)
