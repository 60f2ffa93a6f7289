"""Table 2, "Fine-Tuning with mixed labels": the last layer, on T and V 9 : 1."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_tiny'

train_dataloader = dict(
    dataset=['noisy_set', 'verified_set'], sampler=dict(source_ratio=[9, 1])
)
