"""Table 2, "Our Approach trained jointly": cleaning network and last layer, T and V 9 : 1."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/default_runtime.py',
]
load_from = 'work_dirs/baseline_tiny/epoch_6.pth'

model = dict(
    cleaning_head=dict(
        type='LabelCleaningHead', num_classes=516, in_channels=1280, act_cfg=dict(type='ReLU')
    )
)
train_dataloader = dict(
    dataset=dict(type='ConcatDataset', datasets=[{{_base_.noisy_set}}, {{_base_.verified_set}}]),
    sampler=dict(source_ratio=[9, 1]),
)
# Slower than the classifier: steps that are too long take its outputs out of [0, 1] for good.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'cleaning_head': dict(lr_mult=0.3)}))
