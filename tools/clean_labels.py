"""Cleans the labels of a data set with a trained model, and writes them as a data set again.

For example:
    python tools/clean_labels.py configs/joint_tiny_features.py
        work_dirs/joint_tiny_features/epoch_12.pth --out cleaned

writes, into cleaned, the labels as an index to train on and as Open Images CSV, changes.csv (every
label before and after) and counts.csv (by class). The labels are those of T, the first training
set of the config, looked at through its pictures or its feature bank. The same command goes on
where a run was ended; `torchrun --nproc_per_node=8 tools/clean_labels.py ...` shares the work.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
from mmengine.dist import get_rank

from mmnoisy.cleaning.clean import BLOCK_IMAGES, clean
from mmnoisy.cleaning.from_config import (
    add_model_arguments,
    build_scorer,
    provenance,
    start,
)
from mmnoisy.cleaning.pairs import Rule
from mmnoisy.datasets.release.class_files import chosen_classes
from mmnoisy.engine.launch import tool_parser, user_errors
from mmnoisy.engine.sets import SETS, index_folder, set_config
from mmnoisy.errors import InputError


def parse_args() -> Namespace:
    """The command line."""
    parser = tool_parser(__doc__)
    add_model_arguments(parser)
    parser.add_argument('--out', type=Path, required=True, help='folder to write')
    parser.add_argument(
        '--subset', choices=[*SETS], default='train', help='whose labels to clean, default train'
    )
    parser.add_argument(
        '--classes',
        nargs='+',
        metavar='FILE_OR_MID',
        help='clean these classes only, MIDs or a file with one on each line; others stay',
    )
    parser.add_argument(
        '--threshold',
        type=float,
        default=0.5,
        help='a label is present from this cleaned value on, default 0.5',
    )
    parser.add_argument(
        '--max-added-per-image', type=int, metavar='K', help='add at most K labels to an image'
    )
    parser.add_argument(
        '--soft',
        action='store_true',
        help='write cleaned values as confidences, to train with model.soft_labels=True',
    )
    parser.add_argument(
        '--block-images',
        type=int,
        default=BLOCK_IMAGES,
        help=f'images of which a run that is ended loses the work, default {BLOCK_IMAGES}',
    )
    args = parser.parse_args()
    if args.block_images < 1:
        raise InputError(f'--block-images {args.block_images}: give 1 or more')
    if not 0 <= args.threshold <= 1:
        raise InputError(f'--threshold {args.threshold:g}: is outside [0, 1]; give 0.5, say')
    if args.max_added_per_image is not None and args.max_added_per_image < 0:
        raise InputError(f'--max-added-per-image {args.max_added_per_image}: give 0 or more')
    return args


@user_errors
def main() -> None:
    """Cleans and prints what became of the labels."""
    args = parse_args()
    cfg = start(args)
    if not cfg.model.get('cleaning_head'):
        raise InputError(
            f'{args.config}: its model has no cleaning_head, so it cannot clean labels; give the '
            'config of the joint model, such as configs/joint_openimages.py'
        )
    scorer = build_scorer(cfg, args, args.subset)
    classes = scorer.index.classes
    cleaned = np.isin(classes, chosen_classes(args.classes, classes) if args.classes else classes)
    index = clean(
        scorer,
        index_folder(set_config(cfg, args.subset)),
        args.out,
        Rule(args.threshold, args.max_added_per_image, args.soft),
        cleaned,
        provenance(cfg, scorer, args.subset),
        args.block_images,
    )
    if index is not None and get_rank() == 0:
        made = index.info['cleaned']
        before = made['kept'] + made['removed']
        print(
            f'{len(index):,} images, {before:,} labels: {made["kept"]:,} kept, '
            f'{made["removed"]:,} removed, {made["added"]:,} added'
        )
        print(f'written to {args.out}')


if __name__ == '__main__':
    main()
