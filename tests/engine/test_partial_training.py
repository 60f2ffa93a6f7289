"""Runs within a run; what they train is in the tests of those that use them."""

import gc
import os
import weakref
from pathlib import Path

import pytest
from made_index import make_data_set
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmpretrain.visualization import UniversalVisualizer

from mmnoisy.engine.partial_training import train_here
from mmnoisy.engine.sets import resolve


def kept():
    """What MMEngine keeps by name, and the files that are open."""
    named = [list(kind._instance_dict) for kind in (MMLogger, MessageHub, UniversalVisualizer)]
    files = [Path('/proc/self/fd', fd) for fd in os.listdir('/proc/self/fd')]
    return named, [file for file in map(os.path.realpath, files) if file.endswith('.log')]


@pytest.mark.skipif(not os.path.isdir('/proc/self/fd'), reason='needs the list of open files')
def test_a_run_leaves_nothing_in_the_process(tmp_path):
    make_data_set(tmp_path)
    cfg = resolve(Config.fromfile(tmp_path / 'config.py'))
    before = kept()
    train_here(cfg, tmp_path / 'work')
    assert kept() == before


class Watch(Hook):
    """Knows the runner and T, and keeps neither."""

    def before_train(self, runner):
        self.watched = [weakref.ref(runner), weakref.ref(runner.train_dataloader.dataset)]


def test_the_data_of_a_run_goes_with_it(tmp_path):
    make_data_set(tmp_path)
    cfg = resolve(Config.fromfile(tmp_path / 'config.py'))
    watch = Watch()
    gc.disable()
    try:
        train_here(cfg, tmp_path / 'work', [watch])
        assert [found() for found in watch.watched] == [None, None]
    finally:
        gc.enable()
