"""Cleans the labels of a data set with a trained model, and writes them as a data set again.

For example:
    python tools/clean_labels.py configs/joint_tiny.py work_dirs/joint_tiny
        --features data/tiny-open-images/features --out cleaned

writes, into cleaned, the labels as an index to train on and as Open Images CSV, changes.csv (every
label before and after) and counts.csv (by class). The labels are those of T, the config's
`noisy_set`, looked at through its pictures or its feature bank. The same command goes on
where a run was ended; `torchrun --nproc_per_node=8 tools/clean_labels.py ...` shares the work.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from mmnoisy.cli.parsers import add_trained_model, check_loading, quiet_config_of, scorer_of
from mmnoisy.errors import InputError
from mmnoisy.io.lock import lock


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_trained_model(parser, 'clean')
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
        default=2048,
        help='images of which a run that is ended loses the work, default 2048',
    )


def check_arguments(args: Namespace) -> None:
    """Refuses numbers that mean nothing.

    Raises:
        InputError: an argument cannot be used.
    """
    check_loading(args)
    if args.block_images < 1:
        raise InputError(f'--block-images {args.block_images}: give 1 or more')
    if not 0 <= args.threshold <= 1:
        raise InputError(f'--threshold {args.threshold:g}: is outside [0, 1]; give 0.5, say')
    if args.max_added_per_image is not None and args.max_added_per_image < 0:
        raise InputError(f'--max-added-per-image {args.max_added_per_image}: give 0 or more')


def run(args: Namespace) -> None:
    """Cleans and prints what became of the labels."""
    import numpy as np
    from mmengine.dist import get_rank

    from mmnoisy.cleaning.clean import clean
    from mmnoisy.cleaning.from_config import provenance
    from mmnoisy.cleaning.pairs import Rule
    from mmnoisy.datasets.release.class_files import chosen_classes
    from mmnoisy.engine.distributed.processes import join_processes
    from mmnoisy.engine.sets import index_folder, set_config

    check_arguments(args)
    cfg = quiet_config_of(args)
    join_processes()
    if not cfg.model.get('cleaning_head'):
        raise InputError(
            f'{args.config}: its model has no cleaning_head, so it cannot clean labels; give the '
            'config of the joint model, such as configs/joint_openimages.py'
        )
    scorer = scorer_of(args, cfg, args.subset)
    classes = scorer.index.classes
    cleaned = np.isin(classes, chosen_classes(args.classes, classes) if args.classes else classes)
    rule = Rule(args.threshold, args.max_added_per_image, args.soft)
    with lock(args.out, get_rank() == 0):
        index = clean(
            scorer,
            index_folder(set_config(cfg, args.subset)),
            args.out,
            rule,
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
