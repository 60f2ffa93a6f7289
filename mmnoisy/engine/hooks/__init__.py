"""Hooks of a run."""

from mmnoisy.engine.hooks.fit_standardize_hook import FitStandardizeHook
from mmnoisy.engine.hooks.runtime_info_hook import LazyRuntimeInfoHook

__all__ = ['FitStandardizeHook', 'LazyRuntimeInfoHook']
