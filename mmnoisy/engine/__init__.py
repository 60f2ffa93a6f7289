"""What a run needs around the model: loop, safe checkpoints, start-up, parameter groups, checks."""

from mmnoisy.engine.checkpoint_hook import WholeCheckpointHook
from mmnoisy.engine.checkpoints.reading import allow_mmengine_checkpoints
from mmnoisy.engine.class_list_hook import ClassListHook
from mmnoisy.engine.hooks import FitStandardizeHook, LazyRuntimeInfoHook
from mmnoisy.engine.optim import TrainableParametersConstructor
from mmnoisy.engine.precision import BFloat16OptimWrapper, ChannelsLastHook
from mmnoisy.engine.progress_hook import ProgressHook
from mmnoisy.engine.rmsprop import rmsprop_tf
from mmnoisy.engine.sharded import ShardedStrategy
from mmnoisy.engine.train_loop import ResumableTrainLoop

__all__ = [
    'BFloat16OptimWrapper',
    'ChannelsLastHook',
    'ClassListHook',
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
