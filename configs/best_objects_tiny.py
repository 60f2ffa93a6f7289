"""Objects, the best method: the classifier learns what the trained network says of T, and V."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_baseline.py',
    '_base_/default_runtime.py',
]
load_from = 'work_dirs/best_cleaner_objects_tiny/epoch_8.pth'

model = dict(cleaning_head=dict(type='LogitMappingHead', in_channels=1280, loss_weight=0.0))
train_dataloader = dict(
    dataset=dict(type='ConcatDataset', datasets=[{{_base_.noisy_set}}, {{_base_.verified_set}}]),
    sampler=dict(source_ratio=[9, 1]),
)
optim_wrapper = dict(optimizer=dict(weight_decay=0.003))
