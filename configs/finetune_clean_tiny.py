"""Table 2, "Fine-Tuning with clean labels": the last layer, on V alone."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune_verified.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_tiny'

train_dataloader = dict(dataset='verified_set')
