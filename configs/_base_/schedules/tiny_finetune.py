"""Fine-tuning of the baseline: twelve passes over T, the learning rate falling to zero."""

optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=0.001), constructor='TrainableParametersConstructor'
)
param_scheduler = dict(
    type='LinearLR', start_factor=1.0, end_factor=0.0, end=12, convert_to_iter_based=True
)
train_cfg = dict(type='ResumableTrainLoop', max_epochs=12, val_interval=6)
auto_scale_lr = dict(enable=False, base_batch_size=64)
