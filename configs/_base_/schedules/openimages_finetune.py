"""Fine-tuning of the baseline's last layer: 0.001, 4 M batches, features of the baseline (4.4)."""

optim_wrapper = dict(
    optimizer=dict(type='RMSpropTF', lr=0.001, alpha=0.9, momentum=0.9, eps=1.0),
    constructor='TrainableParametersConstructor',
)
param_scheduler = dict(type='StepLR', by_epoch=False, step_size=563_201, gamma=0.94)
train_cfg = dict(type='ResumableTrainLoop', max_iters=4_000_000, val_interval=100_000)
auto_scale_lr = dict(enable=False, base_batch_size=32)
