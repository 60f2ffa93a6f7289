"""Runs within a run; what they train is in the tests of those that use them."""

import os
from pathlib import Path

import pytest
from made_index import make_data_set
from mmengine.config import Config
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
