"""A small data set in the Open Images format, 64-pixel pictures enlarged to 128 (docs/data.md)."""

_base_ = 'open_images.py'

data_root = 'data/tiny-open-images'

train_pipeline = [
    dict(type='LoadPicture'),
    dict(type='Resize', scale=128),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs', algorithm_keys=_base_.label_keys),
]
test_pipeline = [
    dict(type='LoadPicture'),
    dict(type='Resize', scale=128),
    dict(type='PackInputs', algorithm_keys=_base_.label_keys),
]

train_dataloader = dict(batch_size=256, num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader
