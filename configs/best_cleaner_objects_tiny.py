"""Objects, first stage of the best method: a network from noisy labels to objects, on V alone."""

_base_ = [
    '_base_/models/efficientnet_lite0_objects.py',
    '_base_/datasets/tiny_objects.py',
    '_base_/schedules/tiny_objects.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_objects_tiny'

model = dict(
    head=dict(loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.0)),
    cleaning_head=dict(type='LogitMappingHead'),
)
train_dataloader = dict(dataset='verified_set')
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'cleaning_head.label_embedding': dict(lr_mult=3),
            'cleaning_head.output': dict(lr_mult=3),
            'cleaning_head.pair_weight': dict(lr_mult=3),
        }
    ),
)
train_cfg = dict(min_images=20_000)
