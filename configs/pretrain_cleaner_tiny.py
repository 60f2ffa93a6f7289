"""First stage of "Our Approach with pre-training": the cleaning network alone, on V."""

_base_ = 'joint_tiny.py'

model = dict(head=dict(loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.0)))
train_dataloader = dict(
    _delete_=True,
    batch_size=64,
    num_workers=1,
    dataset={{_base_.verified_set}},
    sampler=dict(type='RatioSampler'),
)
