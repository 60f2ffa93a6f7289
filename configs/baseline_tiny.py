"""Table 2, "Baseline": trained on the noisy labels of T."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_baseline.py',
    '_base_/small_runtime.py',
]

train_dataloader = dict(dataset='noisy_set')
