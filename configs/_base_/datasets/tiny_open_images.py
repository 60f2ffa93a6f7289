"""A small data set in the Open Images format, 64-pixel pictures enlarged to 128 (docs/data.md)."""

_base_ = 'open_images.py'

data_root = 'data/tiny-open-images'
label_keys = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')

train_pipeline = [
    dict(type='LoadPicture'),
    dict(type='Resize', scale=128),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs', algorithm_keys=label_keys),
]
test_pipeline = [
    dict(type='LoadPicture'),
    dict(type='Resize', scale=128),
    dict(type='PackInputs', algorithm_keys=label_keys),
]

noisy_set = dict(data_root=data_root, pipeline=train_pipeline)
verified_set = dict(data_root=data_root, pipeline=train_pipeline)
test_set = dict(data_root=data_root, pipeline=test_pipeline)

train_dataloader = dict(batch_size=64, num_workers=1)
val_dataloader = dict(num_workers=1, dataset=test_set)
test_dataloader = val_dataloader
