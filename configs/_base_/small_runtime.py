"""As iteration_runtime, for runs of a thousand iterations."""

_base_ = 'iteration_runtime.py'

default_hooks = dict(checkpoint=dict(interval=500))
