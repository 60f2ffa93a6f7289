"""From a config to its runner: in one process or several, with or without GPUs."""

from __future__ import annotations

from typing import Any, Dict, Optional

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import RUNNERS

from mmnoisy.engine.auto_scale_lr import count_accumulated
from mmnoisy.engine.checkpoints.loaded import LoadedWeightsHook
from mmnoisy.engine.checkpoints.named import require_checkpoints
from mmnoisy.engine.checkpoints.reading import checkpoint_file, newest_readable, read_checkpoint
from mmnoisy.engine.distributed.processes import (
    may_restart,
    on_main_process,
    start_processes,
)
from mmnoisy.engine.sets import fill_classes


class FormattedOnce(Config):
    """A config whose text is laid out once.

    MMEngine asks for the text of a run's config four times before the first step and again with
    every checkpoint, and laying it out takes half a second.
    """

    _last: Dict[str, str] = {}

    @classmethod
    def of(cls, cfg: Config) -> FormattedOnce:
        """A config with the content of another, which it shares."""
        other = cls.__new__(cls)
        for name, value in vars(cfg).items():
            object.__setattr__(other, name, value)
        return other

    @property
    def pretty_text(self) -> str:
        """The text of the config, see the base class."""
        content = repr(self.to_dict())
        if content not in self._last:
            text = super().pretty_text
            self._last.clear()
            self._last[content] = text
        return self._last[content]


def build_runner(cfg: Config) -> Any:
    """Builds the runner of a config, in one process or in several.

    MMEngine starts several processes on GPUs only; without any, they talk through gloo here. What
    a config shards among several processes, one alone has whole. Losses are read late
    (:class:`LazyRuntimeInfoHook`), unless ``default_hooks.runtime_info`` of the config says how.

    Raises:
        InputError: a checkpoint that the config names does not exist.
    """
    start_processes(cfg)
    if cfg.get('load_from'):
        cfg.load_from = on_main_process(lambda: checkpoint_file(cfg.load_from))
    require_checkpoints(cfg.to_dict())
    fill_classes(cfg)
    lazy = dict(runtime_info=dict(type='LazyRuntimeInfoHook'))
    cfg.default_hooks = {**lazy, **(cfg.get('default_hooks') or {})}
    if cfg.launcher == 'pytorch' and not torch.cuda.is_available():
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel',
            device_ids=None,
            broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
    sharded = cfg.launcher != 'none' and 'runner_type' in cfg
    formatted = FormattedOnce.of(cfg)
    runner = RUNNERS.build(formatted) if sharded else Runner.from_cfg(formatted)
    runner.register_hook(LoadedWeightsHook())
    if not sharded:
        count_accumulated(runner)
    return runner


def resume_from(cfg: Config, checkpoint: str) -> None:
    """Makes a run go on from a checkpoint, or from its newest one if ``checkpoint`` is 'auto'.

    A run without a checkpoint so far begins as its config says. One that may be restarted goes on
    from its own newest checkpoint, and from another one only where it has none. Of several
    processes the first one chooses for all.

    Raises:
        InputError: the checkpoint cannot be read, or all of the run cannot.
    """

    def choose() -> Optional[str]:
        own = newest_readable(cfg.work_dir) if checkpoint == 'auto' or may_restart() else None
        if own or checkpoint == 'auto':
            return own
        return checkpoint if read_checkpoint(checkpoint) else None

    start_processes(cfg)
    found = on_main_process(choose)
    if found:
        # What the run began with is known to its checkpoints for ever.
        cfg.began_with = cfg.get('load_from') or ''
        cfg.load_from, cfg.resume = found, True
