"""Hooks of a run."""

from mmnoisy.engine.hooks.fit_standardize_hook import FitStandardizeHook

__all__ = ['FitStandardizeHook']
