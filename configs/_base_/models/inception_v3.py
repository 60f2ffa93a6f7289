"""The paper's network: Inception-v3 and one sigmoid for each class, 6012 in the paper (4.4)."""

model = dict(
    type='DualHeadClassifier',
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True),
    backbone=dict(type='InceptionV3Features'),
    head=dict(
        type='MultiLabelLinearClsHead',
        in_channels=2048,
        # Of 6012 classes an image has 8.78 labels: begin at that rate, not at one half.
        init_cfg=dict(type='Normal', layer='Linear', std=0.01, bias=-6.5),
    ),
)
