"""Labels for new pictures.

For example:
    python tools/predict.py configs/joint_tiny.py CHECKPOINT photos --out labels.csv

writes every label whose score reaches the threshold of its class: those that tools/calibrate.py
has left beside the checkpoint, else 0.5. A folder is read with its folders; of a video the first
of every so many frames. Files that cannot be read are left out and counted.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import List

from mmengine.logging import MMLogger
from tqdm import tqdm

from mmnoisy import InputError
from mmnoisy.apis import MultiLabelInferencer, find_pictures
from mmnoisy.apis.prediction_files import prediction_file
from mmnoisy.engine.launch import load_config, model_parser, user_errors


def parse_args() -> Namespace:
    """The command line."""
    parser = model_parser(__doc__)
    parser.add_argument('inputs', metavar='IMAGE_OR_FOLDER', help='or a video')
    parser.add_argument('--out', type=Path, required=True, help='the file, .csv or .jsonl')
    parser.add_argument('--threshold', type=float, help='for all classes, in [0, 1]')
    parser.add_argument('--every', type=int, default=1, metavar='N', help='n-th frames of a video')
    parser.add_argument('--batch-size', type=int, default=32, help='pictures at once, default 32')
    parser.add_argument('--device', help='default the GPU, if there is one')
    args = parser.parse_args()
    if args.batch_size < 1:
        parser.error('--batch-size is at least 1')
    return args


@user_errors
def main() -> None:
    """Predicts, writes, and says what could not be read."""
    args = parse_args()
    MMLogger.get_instance('predict', log_level='WARNING')  # no list of the layers of a backbone
    cfg = load_config(args)
    in_folder = os.path.isdir(args.inputs)
    root = args.inputs if in_folder else os.path.dirname(args.inputs)
    inputs = [name for name, _ in find_pictures(args.inputs)] if in_folder else args.inputs
    inferencer = MultiLabelInferencer(cfg, args.checkpoint, args.device, thresholds=args.threshold)
    unreadable: List[InputError] = []
    predictions = inferencer.stream(
        inputs, args.batch_size, args.every, unreadable if in_folder else None
    )
    total = len(inputs) if in_folder else None
    with prediction_file(args.out, inferencer.label_names) as add:
        count = 0
        for name, prediction in tqdm(predictions, total=total, unit=' pictures', disable=None):
            add(os.path.relpath(name, root or '.'), prediction)
            count += 1
        if not count:
            raise InputError(f'{args.inputs}: no picture in it can be read, as {unreadable[0]}')
    print(f'{args.out}: labels of {count:,} pictures')
    if unreadable:
        print(
            f'{len(unreadable):,} of {count + len(unreadable):,} pictures could not be read and '
            f'were left out; the first: {unreadable[0]}',
            file=sys.stderr,
        )


if __name__ == '__main__':
    main()
