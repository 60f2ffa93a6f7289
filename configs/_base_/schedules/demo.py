"""Twenty passes over T from scratch, the learning rate falling to zero."""

optim_wrapper = dict(optimizer=dict(type='RMSprop', lr=0.001))
param_scheduler = dict(
    type='LinearLR', start_factor=1.0, end_factor=0.0, end=20, convert_to_iter_based=True
)
train_cfg = dict(type='ResumableTrainLoop', max_epochs=20, val_interval=10)
auto_scale_lr = dict(enable=False, base_batch_size=64)
