"""Table 2, "Fine-Tuning with clean labels": the last layer, on V alone."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/default_runtime.py',
]
load_from = 'work_dirs/baseline_tiny/epoch_6.pth'

train_dataloader = dict(dataset={{_base_.verified_set}})
