"""LeNet-5 for gray pictures of 32 x 32 pixels, trained from scratch."""

model = dict(
    type='DualHeadClassifier',
    data_preprocessor=dict(mean=[127.5], std=[127.5]),
    backbone=dict(type='LeNet5'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='MultiLabelLinearClsHead', in_channels=120),
)
