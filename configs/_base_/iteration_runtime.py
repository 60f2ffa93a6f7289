"""As default_runtime, for runs whose length is counted in iterations."""

_base_ = 'default_runtime.py'

default_hooks = dict(checkpoint=dict(by_epoch=False, interval=50_000))
log_processor = dict(by_epoch=False)
