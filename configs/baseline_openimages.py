"""Table 2, "Baseline": trained on the noisy labels of T."""

_base_ = [
    '_base_/models/inception_v3.py',
    '_base_/datasets/open_images.py',
    '_base_/schedules/openimages_baseline.py',
    '_base_/iteration_runtime.py',
]

train_dataloader = dict(dataset='noisy_set')
