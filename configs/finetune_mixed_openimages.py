"""Table 2, "Fine-Tuning with mixed labels": the last layer, on T and V 9 : 1."""

_base_ = [
    '_base_/models/inception_v3.py',
    '_base_/datasets/open_images.py',
    '_base_/schedules/openimages_finetune.py',
    '_base_/iteration_runtime.py',
]
load_from = 'work_dirs/baseline_openimages'

model = dict(freeze_backbone=True)
train_dataloader = dict(
    dataset=['noisy_set', 'verified_set'], sampler=dict(source_ratio=[9, 1])
)
