"""A small data set in the Open Images format, 64-pixel pictures enlarged to 128 (docs/data.md).

The folder data/tiny-open-images holds the pictures of the three subsets and the index that
``tools/prepare_openimages.py data/tiny-open-images`` writes.
"""

data_root = 'data/tiny-open-images'
label_keys = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=128),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs', algorithm_keys=label_keys),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=128),
    dict(type='PackInputs', algorithm_keys=label_keys),
]

noisy_set = dict(
    type='OpenImages',
    data_root=data_root,
    ann_file='index/train',
    data_prefix='train',
    pipeline=train_pipeline,
)
verified_set = dict(
    type='OpenImages',
    data_root=data_root,
    ann_file='index/validation',
    data_prefix='validation',
    pipeline=train_pipeline,
)
test_set = dict(
    type='OpenImages',
    data_root=data_root,
    ann_file='index/test',
    data_prefix='test',
    pipeline=test_pipeline,
    test_mode=True,
)

# The dataset is what the rows of Table 2 differ in: T, V or both.
train_dataloader = dict(batch_size=64, num_workers=1, sampler=dict(type='RatioSampler'))
val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    dataset=test_set,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='VerifiedAveragePrecision')
test_evaluator = val_evaluator
val_cfg = dict()
test_cfg = dict()
