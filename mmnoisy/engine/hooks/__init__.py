"""Hooks of a run: what it logs, what it saves, what it refuses."""

from mmnoisy.engine.hooks.average_head_hook import AverageHeadHook
from mmnoisy.engine.hooks.checkpoint_hook import WholeCheckpointHook
from mmnoisy.engine.hooks.class_list_hook import ClassListHook
from mmnoisy.engine.hooks.count_verified_hook import CountVerifiedHook
from mmnoisy.engine.hooks.fit_standardize_hook import FitStandardizeHook
from mmnoisy.engine.hooks.progress_hook import ProgressHook
from mmnoisy.engine.hooks.runtime_info_hook import LazyRuntimeInfoHook

__all__ = [
    'AverageHeadHook',
    'ClassListHook',
    'CountVerifiedHook',
    'FitStandardizeHook',
    'LazyRuntimeInfoHook',
    'ProgressHook',
    'WholeCheckpointHook',
]
