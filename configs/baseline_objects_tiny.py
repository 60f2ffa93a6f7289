"""Objects, a baseline: T with those of its noisy labels whose class has the name of an object."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_objects.py',
    '_base_/small_runtime.py',
]

train_dataloader = dict(dataset='noisy_set')
optim_wrapper = dict(optimizer=dict(weight_decay=0.001))
