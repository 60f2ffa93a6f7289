"""Table 2, "Our Approach trained jointly": cleaning network and last layer, T and V 9 : 1."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_tiny'

model = dict(cleaning_head=dict(type='LabelCleaningHead', act_cfg=dict(type='ReLU')))
train_dataloader = dict(
    dataset=['noisy_set', 'verified_set'], sampler=dict(source_ratio=[9, 1])
)
