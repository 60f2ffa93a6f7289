"""Objects, a baseline: T with the names that match, then V."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/default_runtime.py',
]
load_from = 'work_dirs/baseline_objects_tiny/epoch_6.pth'

train_dataloader = dict(dataset={{_base_.verified_set}})
optim_wrapper = dict(optimizer=dict(weight_decay=0.001))
param_scheduler = dict(end=8)
train_cfg = dict(max_epochs=8, val_interval=8)
