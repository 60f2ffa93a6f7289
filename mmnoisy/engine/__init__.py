"""What a run needs around the model: safe checkpoints, start-up, parameter groups, checks."""

from mmnoisy.engine.class_list_hook import ClassListHook
from mmnoisy.engine.optim import TrainableParametersConstructor
from mmnoisy.engine.safe_checkpoints import allow_mmengine_checkpoints

__all__ = ['ClassListHook', 'TrainableParametersConstructor', 'allow_mmengine_checkpoints']
