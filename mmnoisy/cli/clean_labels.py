"""Cleans the labels of a data set with a trained model, and writes them as a data set again.

For example:
    python tools/clean_labels.py configs/joint_tiny.py work_dirs/joint_tiny
        --features data/tiny-open-images/features --out cleaned

writes, into cleaned, the labels as an index to train on and as Open Images CSV, changes.csv (every
label before and after) and counts.csv (by class). The labels are those of T, the config's
`noisy_set`, looked at through its pictures or its feature bank. The same command goes on
where a run was ended; `torchrun --nproc_per_node=8 tools/clean_labels.py ...` shares the work.

Of a project all images are cleaned, verdicts take the place of labels, and --out is a file:
    mmnoisy clean pets --out cleaned.csv
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from mmnoisy.cli.parsers import (
    add_trained_model,
    check_loading,
    out_of,
    project_of,
    quiet_config_of,
    scorer_of,
)
from mmnoisy.errors import InputError
from mmnoisy.io.lock import lock

if TYPE_CHECKING:
    from mmengine.config import Config

    from mmnoisy.cleaning.scorer import Scorer
    from mmnoisy.datasets import LabelIndex
    from mmnoisy.datasets.project import Project


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
        '--format', help='of the labels of a project in --out, default that of its noisy labels'
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


def check_labels_out(args: Namespace, project: Project) -> None:
    """Refuses a file of cleaned labels that could not be written at the end of the work.

    Raises:
        InputError: its format is unknown or read only, or its folder takes no file.
    """
    from mmnoisy.datasets.sources.reading import require_written
    from mmnoisy.io.atomic import require_writable

    if args.out is None:
        if args.format:
            raise InputError(f'--format {args.format}: is that of --out FILE, which is not given')
        return
    require_written(args.out, project.info['noisy'], args.format)
    require_writable(args.out.parent)


def run(args: Namespace) -> None:
    """Cleans and prints what became of the labels."""
    from mmengine.dist import get_rank

    from mmnoisy.engine.distributed.processes import join_processes

    check_arguments(args)
    project = project_of(args.config)
    if project is None and args.format:
        raise InputError(f'--format {args.format}: is for the labels of a project; leave it out')
    out = out_of(args, 'cleaned') if project is None else project.folder / 'cleaned'
    if project is not None:
        check_labels_out(args, project)
    cfg = quiet_config_of(args)
    join_processes()
    if not cfg.model.get('cleaning_head'):
        raise InputError(
            f'{args.config}: its model has no cleaning_head, so it cannot clean labels; give the '
            'config of the joint model, such as configs/joint_openimages.py'
        )
    with lock(out, get_rank() == 0):
        if project is None:
            _clean(args, cfg, scorer_of(args, cfg, args.subset), args.subset, out)
        else:
            _clean_project(args, cfg, project, out)


def _clean(
    args: Namespace, cfg: Config, scorer: Scorer, subset: str, out: Path
) -> Optional[LabelIndex]:
    """Cleans one set; None in all processes but the first."""
    import numpy as np
    from mmengine.dist import get_rank

    from mmnoisy.cleaning.clean import clean
    from mmnoisy.cleaning.from_config import provenance
    from mmnoisy.cleaning.pairs import Rule
    from mmnoisy.datasets.release.class_files import chosen_classes
    from mmnoisy.engine.sets import index_folder, set_config

    classes = scorer.index.classes
    cleaned = np.isin(classes, chosen_classes(args.classes, classes) if args.classes else classes)
    rule = Rule(args.threshold, args.max_added_per_image, args.soft)
    source = index_folder(set_config(cfg, subset))
    made_of = provenance(cfg, scorer, subset)
    index = clean(scorer, source, out, rule, cleaned, made_of, args.block_images)
    if index is not None and get_rank() == 0:
        made = index.info['cleaned']
        before = made['kept'] + made['removed']
        print(
            f'{len(index):,} images, {before:,} labels: {made["kept"]:,} kept, '
            f'{made["removed"]:,} removed, {made["added"]:,} added'
        )
        print(f'written to {out}')
    return index


def _scorer_of(args: Namespace, cfg: Config, project: Project, subset: str) -> Scorer:
    """Who cleans a set of a project: for T models that have not learned from its labels."""
    from mmnoisy.cleaning.from_config import build_part_scorer
    from mmnoisy.engine.config import load_config
    from mmnoisy.engine.sets import build_set

    if subset != 'train' or not project.parts.is_dir():
        return scorer_of(args, cfg, subset)
    of_parts = load_config(project.parts / 'cleaner.py')
    dataset = build_set(cfg, subset)
    return build_part_scorer(of_parts, project.parts, dataset, args.batch_size, args.num_workers)


def _clean_project(args: Namespace, cfg: Config, project: Project, out: Path) -> None:
    """Cleans all sets, and writes their labels, with the verdicts, as the owner's file has them."""
    from mmnoisy.cleaning.clean import labels_hash
    from mmnoisy.cleaning.own_labels import own_labels, with_verdicts
    from mmnoisy.datasets import SUBSETS, LabelIndex
    from mmnoisy.datasets.sources.describing import describe
    from mmnoisy.datasets.sources.further_columns import with_columns
    from mmnoisy.datasets.sources.reading import write_labels
    from mmnoisy.io.atomic import folder_made_of

    indexes = {subset: LabelIndex.open(project.index / subset) for subset in SUBSETS}
    made_of = {
        'labels': {subset: labels_hash(index) for subset, index in indexes.items()},
        'model': Path(args.checkpoint).stat().st_mtime_ns,
        'rule': [args.threshold, args.max_added_per_image, args.soft, args.classes],
    }
    folder_made_of(out, made_of)
    cleaned = [
        _clean(args, cfg, _scorer_of(args, cfg, project, subset), subset, out / subset)
        for subset in SUBSETS
    ]
    if args.out is not None and all(index is not None for index in cleaned):
        labels = own_labels([with_verdicts(index) for index in cleaned if index is not None])
        layout = project.info['noisy']
        if args.format in (None, layout['format']):
            labels = with_columns(labels, project.columns, layout.get('group_column'))
        written = write_labels(labels, args.out, 'noisy', layout, args.format).layout
        number = f'{len(labels.value):,} labels of {len(labels.images):,} images'
        print(f'{args.out}: {number}, {describe(written)}')
