"""Frozen ImageNet features of a small network, and a sigmoid for each of 516 classes."""

model = dict(
    type='DualHeadClassifier',
    data_preprocessor=dict(mean=[127.0] * 3, std=[128.0] * 3, to_rgb=True, num_classes=516),
    backbone=dict(
        type='TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        checkpoint_path='data/weights/tf_efficientnet_lite0_timm.pth',
    ),
    freeze_backbone=True,
    feature_dtype='bfloat16',
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='MultiLabelLinearClsHead',
        num_classes=516,
        in_channels=1280,
        # Of 516 classes an image has about five labels: begin at that rate, not at one half.
        init_cfg=dict(type='Normal', layer='Linear', std=0.01, bias=-4.6),
    ),
)
