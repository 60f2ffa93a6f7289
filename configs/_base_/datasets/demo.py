"""Handwritten digits in the Open Images format, made on first use."""

data_root = 'data/digits'
label_keys = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')

pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'),
    dict(type='PackInputs', algorithm_keys=label_keys),
]
noisy_set = dict(
    type='OpenImagesDemo',
    data_root=data_root,
    ann_file='index/train',
    data_prefix='train',
    pipeline=pipeline,
)
verified_set = dict(
    type='OpenImagesDemo',
    data_root=data_root,
    ann_file='index/validation',
    data_prefix='validation',
    pipeline=pipeline,
)
test_set = dict(
    type='OpenImagesDemo',
    data_root=data_root,
    ann_file='index/test',
    data_prefix='test',
    pipeline=pipeline,
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
