"""Objects, a baseline: V alone, from the start."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/default_runtime.py',
]

train_dataloader = dict(dataset={{_base_.verified_set}})
optim_wrapper = dict(optimizer=dict(weight_decay=0.01))
param_scheduler = dict(end=24)
train_cfg = dict(max_epochs=24, val_interval=24)
