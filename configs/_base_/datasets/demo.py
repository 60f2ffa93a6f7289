"""Handwritten digits in the Open Images format, made on first use."""

_base_ = 'open_images.py'

data_root = 'data/digits'
label_keys = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')

pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'),
    dict(type='PackInputs', algorithm_keys=label_keys),
]
digits = dict(type='OpenImagesDemo', data_root=data_root, pipeline=pipeline)

noisy_set = digits
verified_set = digits
test_set = digits

train_dataloader = dict(batch_size=64, num_workers=1)
val_dataloader = dict(num_workers=1, dataset=digits)
test_dataloader = val_dataloader
