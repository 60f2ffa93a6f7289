"""Open Images at 299 pixels: T = train, V = validation, evaluation on test (4.1).

The folder ``data_root`` holds the pictures of the three subsets and the index that
``tools/prepare_openimages.py data/openimages`` writes. What a set leaves out is that of all three:
``data_root``, ``index`` (a folder below it), ``train_pipeline`` and ``test_pipeline``.
"""

data_root = 'data/openimages'
index = 'index'
label_keys = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')

train_pipeline = [
    dict(type='LoadRandomResizedCrop', scale=299),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs', algorithm_keys=label_keys),
]
test_pipeline = [
    dict(type='LoadPicture'),
    dict(type='ResizeEdge', scale=342, edge='short', backend='pillow'),
    dict(type='CenterCrop', crop_size=299),
    dict(type='PackInputs', algorithm_keys=label_keys),
]

noisy_set = dict(type='OpenImages', data_prefix='train')
verified_set = dict(type='OpenImages', data_prefix='validation')
test_set = dict(type='OpenImages', data_prefix='test')

# The rows of Table 2 differ in the sets that they train on: T, V or both.
train_dataloader = dict(batch_size=32, num_workers=8, sampler=dict(type='RatioSampler'))
val_dataloader = dict(
    batch_size=64,
    num_workers=8,
    dataset='test_set',
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='VerifiedAveragePrecision')
test_evaluator = val_evaluator
val_cfg = dict()
test_cfg = dict()
