"""Evaluates a checkpoint with the metrics of a config.

For example:
    python tools/test.py configs/joint_demo.py work_dirs/joint_demo/epoch_20.pth --out m.json
"""

from pathlib import Path

from mmengine.dist import is_main_process

from mmnoisy.engine.launch import build_runner, load_config, runner_parser, user_errors, write_json


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
        write_json(args.out, metrics)


if __name__ == '__main__':
    main()
