"""Hooks of a run: what it logs, what it saves, what it refuses, what it fits before training."""

from mmnoisy.engine.hooks.fit_standardize_hook import FitStandardizeHook
from mmnoisy.engine.hooks.runtime_info_hook import LazyRuntimeInfoHook

__all__ = ['FitStandardizeHook', 'LazyRuntimeInfoHook']
