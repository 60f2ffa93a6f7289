"""From random weights: 256,000 images or one pass over T, whichever is more.

Which classes are frequent is learned by the biases alone where features have mean zero: they
learn faster.
"""

optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=1e-3),
    constructor='TrainableParametersConstructor',
    paramwise_cfg=dict(bias_lr_mult=3),
)
param_scheduler = dict(type='LinearLR', by_epoch=False, start_factor=1.0, end_factor=0.0)
train_cfg = dict(type='ResumableTrainLoop', min_images=256_000)
auto_scale_lr = dict(enable=False, base_batch_size=256)
