"""Objects, the paper's joint model: its cleaning network maps the noisy labels, T and V 9 : 1."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_baseline.py',
    '_base_/default_runtime.py',
]
load_from = 'work_dirs/baseline_objects_tiny/epoch_6.pth'

model = dict(
    cleaning_head=dict(type='LabelCleaningHead', in_channels=1280, act_cfg=dict(type='ReLU'))
)
train_dataloader = dict(
    dataset=dict(type='ConcatDataset', datasets=[{{_base_.noisy_set}}, {{_base_.verified_set}}]),
    sampler=dict(source_ratio=[9, 1]),
)
optim_wrapper = dict(
    optimizer=dict(weight_decay=0.003),
    paramwise_cfg=dict(custom_keys={'cleaning_head': dict(lr_mult=0.3, decay_mult=0)}),
)
