"""Trains the joint model on a vision transformer with sharded weights, in two gloo processes."""

import numpy as np
import torch
from mmengine.model.wrappers import MMFullyShardedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import distributed

import mmnoisy  # noqa: F401  (registers the models)


def is_layer(module, recurse, nonwrapped_numel):
    """Whether a module becomes a shard of its own."""
    return recurse or type(module).__name__ == 'TransformerEncoderLayer'


distributed.init_process_group('gloo')
init_default_scope('mmpretrain')
torch.manual_seed(0)
heads = dict(num_classes=12, in_channels=192)
model = MODELS.build(
    dict(
        type='DualHeadClassifier',
        data_preprocessor=dict(num_classes=12),
        backbone=dict(type='VisionTransformer', arch='deit-tiny', img_size=32, patch_size=16),
        head=dict(type='MultiLabelLinearClsHead', **heads),
        cleaning_head=dict(type='LabelCleaningHead', **heads),
    )
)
model.init_weights()
whole = sum(parameter.numel() for parameter in model.parameters())
model = MMFullyShardedDataParallel(
    model, device_id=torch.device('cpu'), auto_wrap_policy=is_layer, use_orig_params=True
)
wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01))
ids = np.array([1, 2])
fields = dict(noisy_label=ids, verified_pos=ids[:1], verified_neg=ids[1:])
batch = dict(inputs=torch.randint(256, (4, 3, 32, 32)), data_samples=[DataSample(**fields)] * 4)
losses = [model.train_step(batch, wrapper)['loss'].item() for _ in range(3)]
assert losses[0] > losses[1] > losses[2], losses
mine = sum(parameter.numel() for parameter in model.parameters())
assert mine < 0.6 * whole, (mine, whole)
