"""Handwritten digits in the Open Images format, made on first use."""

_base_ = 'open_images.py'

data_root = 'data/digits'

train_pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'),
    dict(type='PackInputs', algorithm_keys=_base_.label_keys),
]
test_pipeline = train_pipeline

noisy_set = dict(type='OpenImagesDemo')
verified_set = dict(type='OpenImagesDemo')
test_set = dict(type='OpenImagesDemo')

train_dataloader = dict(batch_size=64, num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader
