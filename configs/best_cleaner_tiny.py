"""Second stage of the best method: a cleaning network on the classifier's logit, on V alone."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/default_runtime.py',
]
load_from = 'work_dirs/baseline_soft_tiny/epoch_6.pth'

model = dict(
    soft_labels=True,
    unverified='mask',
    head=dict(loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.0)),
    cleaning_head=dict(type='LogitCleaningHead', num_classes=516, in_channels=1280),
)
train_dataloader = dict(dataset={{_base_.verified_set}})
optim_wrapper = dict(
    optimizer=dict(lr=0.0003),
    paramwise_cfg=dict(
        custom_keys={
            'cleaning_head.label_embedding': dict(lr_mult=10),
            'cleaning_head.output': dict(lr_mult=10),
        }
    ),
)
