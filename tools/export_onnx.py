"""Exports a classifier as an ONNX file, and compares it with PyTorch.

For example:
    python tools/export_onnx.py configs/joint_tiny.py CHECKPOINT --out classifier.onnx

The file takes pictures (N, 3, H, W) as bytes, of the size that the config's test set has, and
gives scores (N, C): normalisation, sigmoid and the calibration beside the checkpoint are in it.
MIDs, names and thresholds of the classes are in its metadata, as JSON. The comparison takes
pictures of the test set, or others; where a score differs by more than 0.0001 no file is written.
"""

from __future__ import annotations

from argparse import Namespace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS

from mmnoisy import InputError
from mmnoisy.apis import MultiLabelInferencer, find_pictures
from mmnoisy.apis.onnx_export import CHANNELS, export_onnx
from mmnoisy.engine.launch import load_config, model_parser, user_errors
from mmnoisy.engine.whole_file import whole_file

NUM_COMPARED = 16


def parse_args() -> Namespace:
    """The command line."""
    parser = model_parser(__doc__)
    parser.add_argument('--out', type=Path, required=True, help='the file')
    parser.add_argument('--opset', type=int, default=17, help='default 17')
    parser.add_argument('--batch-size', type=int, metavar='N', help='fixed; default any')
    parser.add_argument(
        '--channels', choices=CHANNELS, default='rgb', help='order in the input, default rgb'
    )
    parser.add_argument('--pictures', help='image or folder to compare with')
    args = parser.parse_args()
    if args.batch_size is not None and args.batch_size < 1:
        raise InputError(f'--batch-size {args.batch_size}: give at least 1')
    return args


def compared_pictures(inferencer: MultiLabelInferencer, cfg: Config, given: Any) -> np.ndarray:
    """Some pictures, (N, 3, H, W) uint8 BGR.

    Raises:
        InputError: they cannot be read, or come in different sizes.
    """
    if not given:
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            dataset = DATASETS.build(cfg.test_dataloader.dataset)
        given = (dataset.get_data_info(k)['img_path'] for k in range(len(dataset)))
    pictures = [
        inferencer.pipeline(picture)['inputs'].numpy()
        for picture in islice(find_pictures(given), NUM_COMPARED)
    ]
    if len({picture.shape for picture in pictures}) > 1:
        raise InputError(
            f'{cfg.filename}: the pictures of its test set differ in size, and an ONNX file takes '
            'one; add a transform such as Resize, or give pictures of one size with --pictures'
        )
    return np.stack(pictures)


@user_errors
def main() -> None:
    """Exports, compares and writes."""
    args = parse_args()
    MMLogger.get_instance('export_onnx', log_level='WARNING')
    cfg = load_config(args)
    inferencer = MultiLabelInferencer(cfg, args.checkpoint, 'cpu')
    pictures = compared_pictures(inferencer, cfg, args.pictures)
    content, difference = export_onnx(
        inferencer, pictures, args.channels, args.opset, args.batch_size
    )
    with whole_file(args.out, 'wb') as file:
        file.write(content)
    print(
        f'{args.out}: {len(content) / 1e6:.1f} MB; on {len(pictures)} pictures the scores differ '
        f"from PyTorch's by {difference:.1e} at most"
    )


if __name__ == '__main__':
    main()
