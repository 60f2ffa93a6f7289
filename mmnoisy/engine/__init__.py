"""What a run needs around the model: loop, safe checkpoints, start-up, parameter groups, checks."""

from mmnoisy import stack  # noqa: F401, says in a sentence what is missing
from mmnoisy.engine.checkpoints.reading import allow_mmengine_checkpoints
from mmnoisy.engine.distributed.sharded import ShardedStrategy
from mmnoisy.engine.hooks import (
    AverageHeadHook,
    ClassListHook,
    CountVerifiedHook,
    FitStandardizeHook,
    LazyRuntimeInfoHook,
    ProgressHook,
    WholeCheckpointHook,
)
from mmnoisy.engine.optim import TrainableParametersConstructor
from mmnoisy.engine.precision import BFloat16OptimWrapper, ChannelsLastHook
from mmnoisy.engine.rmsprop import rmsprop_tf
from mmnoisy.engine.train_loop import ResumableTrainLoop

__all__ = [
    'AverageHeadHook',
    'BFloat16OptimWrapper',
    'ChannelsLastHook',
    'ClassListHook',
    'CountVerifiedHook',
    'FitStandardizeHook',
    'LazyRuntimeInfoHook',
    'ProgressHook',
    'ResumableTrainLoop',
    'ShardedStrategy',
    'TrainableParametersConstructor',
    'WholeCheckpointHook',
    'allow_mmengine_checkpoints',
    'rmsprop_tf',
]
