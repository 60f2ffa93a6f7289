"""Evaluates a checkpoint with the metrics of a config.

For example:
    python tools/test.py configs/joint_demo.py work_dirs/joint_demo/epoch_20.pth --out m.json
"""

import json
import os
from pathlib import Path

from mmengine.dist import is_main_process

from mmnoisy.engine.launch import build_runner, load_config, runner_parser, user_errors


@user_errors
def main() -> None:
    """Builds the runner of the config, loads the checkpoint and tests."""
    parser = runner_parser(__doc__)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', type=Path, help='write the metrics to this JSON file')
    args = parser.parse_args()
    cfg = load_config(args)
    cfg.load_from, cfg.resume = args.checkpoint, False
    metrics = build_runner(cfg).test()
    if args.out and is_main_process():
        args.out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = args.out.with_name(args.out.name + '.tmp')
        unfinished.write_text(json.dumps(metrics, indent=2) + '\n')
        os.replace(unfinished, args.out)


if __name__ == '__main__':
    main()
