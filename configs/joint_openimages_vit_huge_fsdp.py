"""The joint model on a large backbone, ViT-H/14, in shards: every process keeps a part of it.

Not of the paper; a place to begin, and no tuned recipe. Start it with ``tools/dist_train.sh``; one
process alone trains the whole model. Weights to begin with are given by
``--cfg-options load_from=CHECKPOINT``: those of a backbone have keys ``backbone.*``.
"""

_base_ = ['_base_/datasets/open_images.py', '_base_/iteration_runtime.py']

model = dict(
    type='DualHeadClassifier',
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True
    ),
    backbone=dict(
        type='VisionTransformer',
        arch='huge',
        img_size=224,
        patch_size=14,
        drop_path_rate=0.3,
        out_type='avg_featmap',
        final_norm=False,
    ),
    head=dict(
        type='MultiLabelLinearClsHead',
        in_channels=1280,
        # Of 6012 classes an image has 8.78 labels: begin at that rate, not at one half.
        init_cfg=dict(type='Normal', layer='Linear', std=0.01, bias=-6.5),
    ),
    cleaning_head=dict(type='LabelCleaningHead'),
)

train_pipeline = [
    dict(type='LoadRandomResizedCrop', scale=224),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs', algorithm_keys=_base_.label_keys),
]
test_pipeline = [
    dict(type='LoadPicture'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs', algorithm_keys=_base_.label_keys),
]
train_dataloader = dict(
    batch_size=256, dataset=['noisy_set', 'verified_set'], sampler=dict(source_ratio=[9, 1])
)

# 400,000 steps of 32 x 8 images are ten passes over T.
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        custom_keys={'cls_token': dict(decay_mult=0.0), 'pos_embed': dict(decay_mult=0.0)},
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=False, end=10_000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=10_000),
]
train_cfg = dict(type='ResumableTrainLoop', max_iters=400_000, val_interval=20_000)
default_hooks = dict(checkpoint=dict(interval=5_000))
auto_scale_lr = dict(enable=False, base_batch_size=256)

runner_type = 'FlexibleRunner'
strategy = dict(type='ShardedStrategy', layers=['TransformerEncoderLayer'])
