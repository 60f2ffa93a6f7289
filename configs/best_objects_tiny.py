"""Objects, the best method: the classifier learns what the trained network says of T, and V."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_objects.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/best_cleaner_objects_tiny'

model = dict(cleaning_head=dict(type='LogitMappingHead', loss_weight=0.0))
train_dataloader = dict(
    dataset=['noisy_set', 'verified_set'], sampler=dict(source_ratio=[9, 1])
)
optim_wrapper = dict(optimizer=dict(weight_decay=0.003))
# six passes over T
train_cfg = dict(min_images=133_334)
