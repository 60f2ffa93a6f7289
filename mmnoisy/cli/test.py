"""Evaluates a checkpoint with the metrics of a config.

For example:
    python tools/test.py configs/joint_demo.py work_dirs/joint_demo/epoch_20.pth --out m.json
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmnoisy.cli.parsers import (
    add_checkpoint,
    add_config,
    add_launcher,
    config_of,
    project_of,
    require_test_set,
)
from mmnoisy.io.atomic import require_writable, write_json


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_config(parser)
    add_launcher(parser)
    add_checkpoint(parser)
    parser.add_argument('--out', type=Path, help='write the metrics to this JSON file')


def run(args: Namespace) -> None:
    """Builds the runner of the config, loads the checkpoint and tests."""
    from mmengine.dist import is_main_process

    from mmnoisy.engine.runner import build_runner

    if args.out:
        require_writable(args.out.parent)
    project = project_of(args.config)
    cfg = config_of(args)
    require_test_set(project, cfg)
    cfg.load_from, cfg.resume = args.checkpoint, False
    metrics = build_runner(cfg).test()
    if args.out and is_main_process():
        write_json(args.out, metrics)
