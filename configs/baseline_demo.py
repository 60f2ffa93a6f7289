"""The demo's baseline: trained on the noisy labels of T."""

_base_ = [
    '_base_/models/lenet5.py',
    '_base_/datasets/demo.py',
    '_base_/schedules/demo.py',
    '_base_/default_runtime.py',
]

train_dataloader = dict(dataset='noisy_set')
