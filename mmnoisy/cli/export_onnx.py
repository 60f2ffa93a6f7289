"""Exports a classifier as an ONNX file, and compares it with PyTorch.

For example:
    python tools/export_onnx.py configs/joint_tiny.py CHECKPOINT --out classifier.onnx

The file takes pictures (N, 3, H, W) as bytes, of the size that the config's test set has, and
gives scores (N, C): normalisation, sigmoid and the calibration beside the checkpoint are in it.
MIDs, names and thresholds of the classes are in its metadata, as JSON. The comparison takes
pictures of the test set, or others; where a score differs by more than 0.0001 no file is written.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmnoisy.cli.parsers import add_checkpoint, add_config, quiet_config_of
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write, require_writable
from mmnoisy.wording import counted

CHANNELS = ('rgb', 'bgr')


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_config(parser, features=False)
    add_checkpoint(parser)
    parser.add_argument('--out', type=Path, required=True, help='file to write')
    parser.add_argument(
        '--opset', type=int, default=17, help='version of the operators, default 17'
    )
    parser.add_argument('--batch-size', type=int, metavar='N', help='fixed batch size, default any')
    parser.add_argument(
        '--channels', choices=CHANNELS, default='rgb', help='order of the channels, default rgb'
    )
    parser.add_argument('--pictures', help='picture or folder to compare scores on')


def run(args: Namespace) -> None:
    """Exports, compares and writes."""
    from mmnoisy.apis import MultiLabelInferencer
    from mmnoisy.apis.onnx_export import compared_pictures, export_onnx

    if args.batch_size is not None and args.batch_size < 1:
        raise InputError(f'--batch-size {args.batch_size}: give at least 1')
    require_writable(args.out.parent)
    cfg = quiet_config_of(args)
    inferencer = MultiLabelInferencer(cfg, args.checkpoint, 'cpu')
    pictures = compared_pictures(inferencer, cfg, args.pictures)
    content, difference = export_onnx(
        inferencer, pictures, args.channels, args.opset, args.batch_size
    )
    with atomic_write(args.out, 'wb') as file:
        file.write(content)
    print(
        f'{args.out}: {len(content) / 1e6:.1f} MB; on {counted(len(pictures), "picture")} the '
        f"scores differ from PyTorch's by {difference:.1e} at most"
    )
