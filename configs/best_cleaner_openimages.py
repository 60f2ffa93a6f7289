"""Second stage of the best method: a cleaning network on the classifier's logit, on V alone."""

_base_ = 'pretrain_cleaner_openimages.py'
load_from = 'work_dirs/baseline_soft_openimages'

model = dict(
    soft_labels=True,
    unverified='mask',
    cleaning_head=dict(_delete_=True, type='LogitCleaningHead'),
)
optim_wrapper = dict(
    paramwise_cfg=dict(
        _delete_=True,
        custom_keys={
            'cleaning_head.label_embedding': dict(lr_mult=10),
            'cleaning_head.output': dict(lr_mult=10),
        },
    )
)
