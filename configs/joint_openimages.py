"""Table 2, "Our Approach trained jointly": cleaning network and last layer, T and V 9 : 1."""

_base_ = [
    '_base_/models/inception_v3.py',
    '_base_/datasets/open_images.py',
    '_base_/schedules/openimages_finetune.py',
    '_base_/iteration_runtime.py',
]
load_from = 'work_dirs/baseline_openimages'

model = dict(freeze_backbone=True, cleaning_head=dict(type='LabelCleaningHead'))
train_dataloader = dict(
    dataset=['noisy_set', 'verified_set'], sampler=dict(source_ratio=[9, 1])
)
# 0.015 for the cleaning network, whose weights are random
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'cleaning_head': dict(lr_mult=15)}))
