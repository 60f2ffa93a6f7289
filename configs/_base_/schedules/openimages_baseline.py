"""The baseline's training: RMSprop, 0.045 decayed by 0.94 every two epochs, 49 M batches (4.4).

Smoothing, momentum and epsilon are not in the paper; these are those of the same group's
published Open Images model of 2017. Two epochs are 2 x 9,011,219 / 32 batches.
"""

optim_wrapper = dict(
    optimizer=dict(type='RMSpropTF', lr=0.045, alpha=0.9, momentum=0.9, eps=1.0)
)
param_scheduler = dict(type='StepLR', by_epoch=False, step_size=563_201, gamma=0.94)
train_cfg = dict(type='ResumableTrainLoop', max_iters=49_000_000, val_interval=500_000)
auto_scale_lr = dict(enable=False, base_batch_size=32)
