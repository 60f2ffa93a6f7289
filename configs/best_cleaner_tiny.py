"""Second stage of the best method: a cleaning network on the classifier's logit, on V alone."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune_verified.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_soft_tiny'

model = dict(
    soft_labels=True,
    unverified='mask',
    head=dict(loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.0)),
    cleaning_head=dict(type='LogitCleaningHead'),
)
train_dataloader = dict(dataset='verified_set')
# What begins at random learns faster than what begins as the classifier.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'cleaning_head': dict(lr_mult=10)}))
# A few hundred verified images would be learned by heart.
train_cfg = dict(max_passes=50)
experiment = dict(shares_recipe_with='finetune_listed', rows={})
