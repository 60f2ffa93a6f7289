"""Frozen ImageNet features of a small network, and a sigmoid for each class."""

model = dict(
    type='DualHeadClassifier',
    data_preprocessor=dict(mean=[127.0] * 3, std=[128.0] * 3, to_rgb=True),
    backbone=dict(
        type='TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        checkpoint_path='data/weights/tf_efficientnet_lite0_timm.pth',
    ),
    freeze_backbone=True,
    feature_dtype='bfloat16',
    neck=[dict(type='GlobalAveragePooling'), dict(type='Standardize', in_channels=1280)],
    head=dict(
        type='MultiLabelLinearClsHead',
        in_channels=1280,
        # Few classes are present in an image; less than the rate of rare ones, which tells them
        # apart from frequent ones by their biases instead of by what they look like.
        init_cfg=dict(type='Normal', layer='Linear', std=0.01, bias=-2.0),
    ),
)
