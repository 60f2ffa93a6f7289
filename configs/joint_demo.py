"""The demo's joint model: network, classifier and cleaning network from scratch, T and V 9 : 1."""

_base_ = [
    '_base_/models/lenet5.py',
    '_base_/datasets/demo.py',
    '_base_/schedules/demo.py',
    '_base_/default_runtime.py',
]

model = dict(
    cleaning_head=dict(
        type='LabelCleaningHead', num_classes=19, in_channels=120, act_cfg=dict(type='ReLU')
    )
)
train_dataloader = dict(
    dataset=dict(type='ConcatDataset', datasets=[{{_base_.noisy_set}}, {{_base_.verified_set}}]),
    sampler=dict(source_ratio=[9, 1]),
)
