"""Objects, the paper's joint model: its cleaning network maps the noisy labels, T and V 9 : 1."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_objects.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_objects_tiny'

model = dict(cleaning_head=dict(type='LabelCleaningHead', act_cfg=dict(type='ReLU')))
train_dataloader = dict(
    dataset=['noisy_set', 'verified_set'], sampler=dict(source_ratio=[9, 1])
)
optim_wrapper = dict(
    optimizer=dict(weight_decay=0.003),
    paramwise_cfg=dict(custom_keys={'cleaning_head': dict(lr_mult=0.3, decay_mult=0)}),
)
# six passes over T
train_cfg = dict(min_images=133_334)
