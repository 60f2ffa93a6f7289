"""Labels for new pictures.

For example:
    python tools/predict.py configs/joint_tiny.py CHECKPOINT photos --out labels.csv

writes every label whose score reaches the threshold of its class: those that tools/calibrate.py
has left beside the checkpoint, else 0.5. A folder is read with its folders; of a video the first
of every so many frames. What is no picture, or cannot be read, is counted by reason.

Of a project the labels are written in its own names and in the form of its file of noisy labels:
    mmnoisy predict pets new_photos --out new.csv
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from functools import partial
from pathlib import Path
from typing import List

from mmnoisy.cli.parsers import add_checkpoint, add_config, project_of, quiet_config_of
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import require_writable
from mmnoisy.io.progress import progress


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_config(parser, features=False)
    add_checkpoint(parser)
    parser.add_argument('inputs', metavar='IMAGE_OR_FOLDER', help='or a video')
    parser.add_argument('--out', type=Path, required=True, help='the file, .csv or .jsonl')
    parser.add_argument(
        '--format',
        help='of a project: csv, jsonl, parquet, coco, ...; default by the ending of --out',
    )
    parser.add_argument('--threshold', type=float, help='for all classes, in [0, 1]')
    parser.add_argument('--every', type=int, default=1, metavar='N', help='n-th frames of a video')
    parser.add_argument('--batch-size', type=int, default=32, help='pictures at once, default 32')
    parser.add_argument('--device', help='default the GPU, if there is one')


def run(args: Namespace) -> None:
    """Predicts, writes, and says what could not be read."""
    from mmnoisy.apis import MultiLabelInferencer, find_pictures
    from mmnoisy.apis.pictures import LeftOut
    from mmnoisy.apis.prediction_files import own_format, own_prediction_file, prediction_file

    if args.batch_size < 1:
        raise InputError(f'--batch-size {args.batch_size}: give at least 1')
    project = project_of(args.config)
    if project is None and args.format:
        raise InputError(f'--format {args.format}: is for a project; give a file .csv or .jsonl')
    if project is None:
        open_out = partial(prediction_file, args.out)
    else:
        layout = project.info['noisy']
        form = own_format(args.out, layout, args.format)
        open_out = partial(own_prediction_file, args.out, layout=layout, format=form)
    require_writable(args.out.parent)
    cfg = quiet_config_of(args)
    in_folder = os.path.isdir(args.inputs)
    root = args.inputs if in_folder else os.path.dirname(args.inputs)
    left_out: List[LeftOut] = []
    inputs = [*find_pictures(args.inputs, left_out=left_out)] if in_folder else args.inputs
    inferencer = MultiLabelInferencer(cfg, args.checkpoint, args.device, thresholds=args.threshold)
    predictions = inferencer.stream(
        inputs, args.batch_size, args.every, left_out if in_folder else None
    )
    total = len(inputs) if in_folder else None
    with open_out(inferencer.label_names) as add:
        count = 0
        for name, prediction in progress('labelling', predictions, total, 'pictures'):
            add(os.path.relpath(name, root or '.'), prediction)
            count += 1
        if not count:
            raise InputError(f'{args.inputs}: no picture in it can be read, as {left_out[0].error}')
    print(f'{args.out}: labels of {count:,} pictures')
    if left_out:
        reasons = Counter(one.reason for one in left_out).most_common()
        told = ', '.join(f'{number:,} {reason}' for reason, number in reasons)
        print(
            f'{count:,} labelled, {len(left_out):,} not: {told}; the first: {left_out[0].error}',
            file=sys.stderr,
        )
