"""Six passes over T, the learning rate falling to zero."""

optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=0.001), constructor='TrainableParametersConstructor'
)
param_scheduler = dict(
    type='LinearLR', by_epoch=False, start_factor=1.0, end_factor=0.0
)
train_cfg = dict(type='ResumableTrainLoop', min_images=120_000)
auto_scale_lr = dict(enable=False, base_batch_size=64)
