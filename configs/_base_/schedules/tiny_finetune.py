"""Fine-tuning of the baseline: 384,000 images or one pass over them, whichever is more."""

optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=3e-4),
    constructor='TrainableParametersConstructor',
    # 3e-2 for the biases of the classifier, 3e-4 for all of the cleaning network
    paramwise_cfg=dict(bias_lr_mult=100, custom_keys={'cleaning_head': dict(lr_mult=1)}),
)
param_scheduler = dict(type='LinearLR', by_epoch=False, start_factor=1.0, end_factor=0.0)
train_cfg = dict(type='ResumableTrainLoop', min_images=384_000)
auto_scale_lr = dict(enable=False, base_batch_size=256)
