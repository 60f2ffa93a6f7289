"""The demo's joint model: network, classifier and cleaning network from scratch, T and V 9 : 1."""

_base_ = [
    '_base_/models/lenet5.py',
    '_base_/datasets/demo.py',
    '_base_/schedules/demo.py',
    '_base_/default_runtime.py',
]

model = dict(cleaning_head=dict(type='LabelCleaningHead', act_cfg=dict(type='ReLU')))
train_dataloader = dict(
    dataset=['noisy_set', 'verified_set'], sampler=dict(source_ratio=[9, 1])
)
